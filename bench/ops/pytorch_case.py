"""What the cases of compare_pytorch.py are made of."""
import torch

CASES = {}


def case(name, *benchmarks):
    """Registers a function that returns the work of one call; it is built once, outside the timing."""
    def register(build):
        CASES[name] = (benchmarks, build)
        return build
    return register


def both(op, shape):
    """The benchmarks of forward and backward."""
    return f"{op}_fwd/{shape}", f"{op}_bwd/{shape}"


def leaf(*shape, low=-1.0, high=1.0):
    return torch.empty(*shape).uniform_(low, high).requires_grad_()


def train(leaves, forward, grad=None):
    """Forward and backward, gradients made anew as in a training step; `grad`: that of a result that is no loss."""
    def work():
        for x in leaves:
            x.grad = None
        forward().backward(grad)
    return work
