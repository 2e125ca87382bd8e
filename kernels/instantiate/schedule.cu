#include <stx_kernels/schedule.cuh>

template void stx::scheduled_weight<float>(Context<Cuda>&, const ScheduledWeight<float>&);
