// Denormal numbers as zero, for the length of a scope.
#pragma once

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace stx {

/// While one exists, its thread treats denormal floats and doubles as zero and rounds denormal results
/// to zero (x86; elsewhere nothing changes). Activations that have died out leave gradients of 1e-40,
/// on which a processor computes a hundred times slower. The previous mode comes back at the end.
class FlushDenormals {
 public:
#if defined(__SSE__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040u); }
  ~FlushDenormals() { _mm_setcsr(before_); }
#else
  FlushDenormals() = default;
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

#if defined(__SSE__)
 private:
  unsigned before_;
#endif
};

}  // namespace stx
