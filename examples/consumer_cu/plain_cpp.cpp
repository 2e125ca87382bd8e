// Plain C++ for a GPU: the kernels come from stx::compiled.
#include "network.hpp"

int main() { return compare_devices(); }
