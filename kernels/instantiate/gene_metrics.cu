#include <stx_kernels/gene_metrics.cuh>

template void stx::gene_metrics<float>(Context<Cuda>&, const GeneMetrics<float>&);
