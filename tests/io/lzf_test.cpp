#include "stx/io/lzf.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using stx::hdf5::LzfStatus;

namespace {

struct Expanded {
  LzfStatus status;
  std::string text;
};

Expanded expand(const std::vector<std::uint8_t>& in, std::size_t capacity = 1000) {
  std::vector<std::uint8_t> out(capacity);
  const auto result = stx::hdf5::lzf_decompress(in, out);
  return {result.status, std::string(out.begin(), out.begin() + static_cast<long>(result.written))};
}

}  // namespace

TEST_CASE("literals, copies and overlapping copies") {
  CHECK(expand({}).text == "");
  CHECK(expand({2, 'a', 'b', 'c'}).text == "abc");
  // copy of 1 + 2 bytes from distance 2 + 1
  CHECK(expand({2, 'a', 'b', 'c', 1 << 5, 2}).text == "abcabc");
  // distance 1 repeats the last byte; long form: 7 + 2 + 250 bytes
  const Expanded run = expand({0, 'x', 7 << 5, 250, 0});
  CHECK(run.text == std::string(260, 'x'));
  // distance above 255 uses the low bits of the control byte
  std::vector<std::uint8_t> far;
  std::string expected;
  for (int block = 0; block < 10; ++block) {
    far.push_back(31);
    for (int i = 0; i < 32; ++i) {
      far.push_back(static_cast<std::uint8_t>(block * 13 + i));
      expected += static_cast<char>(block * 13 + i);
    }
  }
  far.insert(far.end(), {1 << 5 | 1, 0});  // 3 bytes from distance 257
  CHECK(expand(far).text == expected + expected.substr(320 - 257, 3));
}

TEST_CASE("damaged input is recognised and nothing outside is touched") {
  CHECK(expand({5, 'a'}).status == LzfStatus::corrupt);             // literals cut off
  CHECK(expand({0, 'a', 1 << 5}).status == LzfStatus::corrupt);     // distance cut off
  CHECK(expand({0, 'a', 7 << 5}).status == LzfStatus::corrupt);     // length cut off
  CHECK(expand({0, 'a', 1 << 5, 1}).status == LzfStatus::corrupt);  // before the beginning
  CHECK(expand({1 << 5, 0}).status == LzfStatus::corrupt);
  CHECK(expand({0, 'x', 7 << 5, 250, 0}, 259).status == LzfStatus::output_full);
  CHECK(expand({2, 'a', 'b', 'c'}, 2).status == LzfStatus::output_full);
}
