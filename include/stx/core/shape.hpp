// Extents of a tensor: up to four dimensions, row-major.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "stx/core/error.hpp"

namespace stx {

class Shape {
 public:
  static constexpr int max_rank = 4;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> extents) {
    require(extents.size() <= max_rank, "Shape", "at most ", max_rank, " dimensions, got ", extents.size());
    for (std::int64_t extent : extents) {
      require(extent >= 0, "Shape", "extents must not be negative, got ", extent);
      extents_[rank_++] = extent;
    }
  }

  int rank() const { return rank_; }
  std::int64_t operator[](int i) const { return extents_[i]; }

  /// Number of elements; 1 for the shape of a scalar, {}.
  std::int64_t size() const {
    std::int64_t n = 1;
    for (int i = 0; i < rank_; ++i) n *= extents_[i];
    return n;
  }
  /// Product of all extents but the last; 1 for rank 0.
  std::int64_t rows() const {
    std::int64_t n = 1;
    for (int i = 0; i + 1 < rank_; ++i) n *= extents_[i];
    return n;
  }
  /// Last extent; 1 for rank 0.
  std::int64_t cols() const { return rank_ == 0 ? 1 : extents_[rank_ - 1]; }

  bool operator==(const Shape& other) const {
    if (rank_ != other.rank_) return false;
    for (int i = 0; i < rank_; ++i)
      if (extents_[i] != other.extents_[i]) return false;
    return true;
  }

  /// "(2, 3)".
  std::string str() const {
    std::string s = "(";
    for (int i = 0; i < rank_; ++i) s += (i ? ", " : "") + std::to_string(extents_[i]);
    return s + ")";
  }

 private:
  int rank_ = 0;
  std::int64_t extents_[max_rank] = {};
};

inline std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.str(); }

}  // namespace stx
