"""What the cases of compare_pytorch.py are made of."""
import functools
import typing

import torch


class Case(typing.NamedTuple):
    benchmarks: tuple  # in bench_ops
    build: typing.Callable  # returns the work of one call; it is built once, outside the timing
    cpu_only: str = ""  # why not on a GPU


CASES = {}
VARIANTS = {}  # by case: other ways to the same result, by name


def case(name, *benchmarks, cpu_only=""):
    """Registers a function that returns the work of one call."""
    def register(build):
        CASES[name] = Case(benchmarks, build, cpu_only)
        return build
    return register


def variant(of, name):
    """Registers a function that returns the work of one call, another way than that of the case `of`. One that
    cannot be built here says why: ImportError."""
    def register(build):
        VARIANTS.setdefault(of, {})[name] = build
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
    work.compiled = lambda: train(leaves, torch.compile(forward), grad)
    return work


def backward(leaves, forward, grad=None):
    """The backward pass alone, gradients made anew."""
    out = forward()

    def work():
        return torch.autograd.grad(out, leaves, grad, retain_graph=True)

    def through_compiler():
        torch._functorch.config.donated_buffer = False  # it forbids to keep the graph
        return backward(leaves, torch.compile(forward), grad)
    work.compiled = through_compiler
    return work


def compiled(build):
    """The work of a case with its forward pass through torch.compile, which makes the backward pass too."""
    torch.compiler.reset()
    work = build()
    return work.compiled() if hasattr(work, "compiled") else torch.compile(work)


def variants_of(name):
    """Builders of all variants of a case, torch.compile first."""
    return {"compiled": functools.partial(compiled, CASES[name].build), **VARIANTS.get(name, {})}
