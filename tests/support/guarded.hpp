// Host buffers with sentinels on both sides.
#pragma once

#include <cstdint>
#include <vector>

namespace stx::test {

/// `size` values between two zones that nobody may write.
template <class T>
class Guarded {
 public:
  static constexpr std::size_t zone = 64;
  static constexpr T sentinel = T(-987654);

  explicit Guarded(std::int64_t size, T initial = T(0)) : values_(2 * zone + size, sentinel) {
    std::fill_n(data(), size, initial);
  }
  explicit Guarded(const std::vector<T>& content) : Guarded(static_cast<std::int64_t>(content.size())) {
    std::copy(content.begin(), content.end(), data());
  }

  T* data() { return values_.data() + zone; }
  std::vector<T> content() const { return {values_.begin() + zone, values_.end() - zone}; }
  bool intact() const {
    for (std::size_t i = 0; i < zone; ++i)
      if (values_[i] != sentinel || values_[values_.size() - 1 - i] != sentinel) return false;
    return true;
  }

 private:
  std::vector<T> values_;
};

}  // namespace stx::test
