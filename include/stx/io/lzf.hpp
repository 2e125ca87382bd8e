// Decoder of the LZF compression that h5py offers (HDF5 filter 32000), written from the format.
#pragma once

#include <hdf5.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace stx::hdf5 {

/// Filter number registered with The HDF Group for LZF.
inline constexpr H5Z_filter_t lzf_filter = 32000;

enum class LzfStatus { ok, output_full, corrupt };

struct LzfResult {
  LzfStatus status;
  std::size_t written;  ///< bytes of `out` that are valid
};

/// Expands one LZF block. A control byte c < 32 precedes c + 1 literal bytes; otherwise it begins a
/// copy of (c >> 5) + 2 bytes (plus one extension byte when c >> 5 is 7) from the distance
/// ((c & 31) << 8 | next byte) + 1 back in the output; source and destination may overlap.
inline LzfResult lzf_decompress(std::span<const std::uint8_t> in, std::span<std::uint8_t> out) {
  std::size_t i = 0, o = 0;
  while (i < in.size()) {
    const std::size_t control = in[i++];
    if (control < 32) {
      const std::size_t length = control + 1;
      if (length > in.size() - i) return {LzfStatus::corrupt, o};
      if (length > out.size() - o) return {LzfStatus::output_full, o};
      for (std::size_t k = 0; k < length; ++k) out[o++] = in[i++];
      continue;
    }
    std::size_t length = (control >> 5) + 2;
    if (control >> 5 == 7) {
      if (i == in.size()) return {LzfStatus::corrupt, o};
      length += in[i++];
    }
    if (i == in.size()) return {LzfStatus::corrupt, o};
    const std::size_t distance = ((control & 31) << 8 | in[i++]) + 1;
    if (distance > o) return {LzfStatus::corrupt, o};
    if (length > out.size() - o) return {LzfStatus::output_full, o};
    for (std::size_t k = 0; k < length; ++k, ++o) out[o] = out[o - distance];
  }
  return {LzfStatus::ok, o};
}

namespace detail {

/// HDF5's filter callback; returns the expanded size, or 0 for failure. Older h5py records the size
/// of a chunk in `values[2]`, newer h5py nothing: the buffer then grows up to what LZF can reach
/// (264 bytes out of 3).
inline std::size_t lzf_callback(unsigned flags, std::size_t n_values, const unsigned values[], std::size_t n_bytes,
                                std::size_t* buffer_size, void** buffer) {
  if (!(flags & H5Z_FLAG_REVERSE)) return 0;
  const std::size_t most = 88 * n_bytes + 264;
  std::size_t capacity = std::min(most, n_values >= 3 && values[2] > 0 ? values[2] : 8 * n_bytes);
  for (;; capacity = std::min(most, 4 * capacity)) {
    void* expanded = H5allocate_memory(capacity, false);
    if (!expanded) return 0;
    const LzfResult result = lzf_decompress({static_cast<const std::uint8_t*>(*buffer), n_bytes},
                                            {static_cast<std::uint8_t*>(expanded), capacity});
    if (result.status == LzfStatus::ok) {
      H5free_memory(*buffer);
      *buffer = expanded;
      *buffer_size = capacity;
      return result.written;
    }
    H5free_memory(expanded);
    if (result.status == LzfStatus::corrupt || capacity == most) return 0;
  }
}

}  // namespace detail

/// Lets this process read LZF-compressed data sets; keeps a filter 32000 that is already there.
inline void register_lzf() {
  if (H5Zfilter_avail(lzf_filter) > 0) return;
  H5Z_class2_t filter{};
  filter.version = H5Z_CLASS_T_VERS;
  filter.id = lzf_filter;
  filter.encoder_present = 0;
  filter.decoder_present = 1;
  filter.name = "lzf (stx, decoder only)";
  filter.filter = detail::lzf_callback;
  H5Zregister(&filter);
}

}  // namespace stx::hdf5
