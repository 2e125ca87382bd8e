// Asking for memory that is read later, while other work goes on.
#pragma once

#include <cstdint>
#include <type_traits>

namespace stx::cpu {

/// Asks for row i + 4 of n that lie `stride` apart, to be read or, where T is not const, written: short work on a row
/// in the first-level cache leaves memory idle. `rows` may be null.
template <class T>
void ask_for_row(T* rows, std::int64_t i, std::int64_t n, std::int64_t width, std::int64_t stride) {
  if (rows == nullptr || i + 4 >= n) return;
  T* row = rows + (i + 4) * stride;
  for (std::int64_t j = 0; j < width; j += 64 / static_cast<std::int64_t>(sizeof(T)))
    __builtin_prefetch(row + j, std::is_const_v<T> ? 0 : 1);
}

/// Asks for the stored entries [begin, end) of a row of a CSR matrix, which may be anywhere in memory.
inline void ask_for_entries(const std::int32_t* indices, const float* values, std::int64_t begin, std::int64_t end) {
  for (std::int64_t e = begin; e < end; e += 16) {
    __builtin_prefetch(indices + e);
    __builtin_prefetch(values + e);
  }
}

/// Rows of matrices that the next task reads or writes. Rows that lie pages apart are no stream that a prefetcher
/// follows; asked for all at once they would stop the loads, of which a core has some 16 on the way. So whoever works
/// meanwhile asks for a few at a time, best for two.
class RowsAhead {
 public:
  /// Adds to the list, if it is not null.
  template <class T>
  void add(const T* data, std::int64_t stride, std::int64_t rows, std::int64_t cols) {
    if (data == nullptr || rows == 0) return;
    const auto bytes = static_cast<std::int64_t>(sizeof(T));
    matrices_[count_++] = {reinterpret_cast<const char*>(data), stride * bytes, rows, cols * bytes};
  }
  void operator()() { ask(2); }
  void ask(int rows) {
    for (; rows > 0 && matrix_ < count_; --rows) {
      const Matrix& m = matrices_[matrix_];
      for (std::int64_t c = 0; c < m.bytes; c += 64) __builtin_prefetch(m.data + row_ * m.stride + c, 0, 2);
      if (++row_ < m.rows) continue;
      row_ = 0;
      ++matrix_;
    }
  }
  /// Asks for what is left, and forgets the list.
  void finish() {
    while (matrix_ < count_) ask(1);
    matrix_ = count_ = 0;
  }

 private:
  struct Matrix {
    const char* data;
    std::int64_t stride, rows, bytes;
  };
  Matrix matrices_[8];  ///< as many as an attention head's backward pass has
  int count_ = 0, matrix_ = 0;
  std::int64_t row_ = 0;
};

/// For work that has nothing to ask for.
struct NothingAhead {
  void operator()() const {}
};

}  // namespace stx::cpu
