"""Cross entropy with an ignored label, by PyTorch."""
import torch

PACKAGES = ("torch",)


def arrays():
    torch.manual_seed(0)
    logits = (torch.randn(12, 7, dtype=torch.float64) * 3).requires_grad_()
    labels = torch.randint(0, 7, (12,))
    labels[[2, 9]] = -100
    loss = torch.nn.functional.cross_entropy(logits, labels)
    loss.backward()
    return {"logits": logits.detach().numpy(), "labels": labels.numpy(), "loss": loss.detach().numpy(),
            "grad": logits.grad.numpy()}
