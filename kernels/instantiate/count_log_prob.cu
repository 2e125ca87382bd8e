#include <stx_kernels/count_log_prob.cuh>

template void stx::count_log_prob_forward<float>(Context<Cuda>&, const CountLogProbForward<float>&);
template void stx::count_log_prob_backward<float>(Context<Cuda>&, const CountLogProbBackward<float>&);
