// The kernels are compiled here, from the headers.
#include "network.hpp"

#include <stx_kernels/all.cuh>

int main() { return compare_devices(); }
