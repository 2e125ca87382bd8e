#include "stx/io/safetensors.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <csignal>

#include "io/golden.hpp"

namespace {

/// A file with this header text and this many bytes of data.
std::string file_of(const std::string& header, std::size_t n_bytes) {
  const std::uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), 8) + header + std::string(n_bytes, '\0');
}

}  // namespace

TEST_CASE("a file of the safetensors package is read") {
  const stx::SafetensorsFile f = stx::read_safetensors(golden::path("model.safetensors"));
  CHECK(f.tensors.size() == 5);
  CHECK(f.get<float>("weight", {2, 3}) == std::vector<float>{0, 0.25f, 0.5f, 0.75f, 1, 1.25f});
  CHECK(f.get<double>("bias", {2}) == std::vector<double>{1e-300, -2});
  CHECK(f.get<std::int64_t>("step", {}) == std::vector<std::int64_t>{7});
  CHECK(f.get<std::int32_t>("ids", {2}) == std::vector<std::int32_t>{3, 1});
  CHECK(f.get<float>("empty", {0, 4}).empty());
  CHECK(f.metadata == stx::MetadataMap{{"model", "casper"}, {"note", "\xC3\xA4"}});
}

TEST_CASE("a tensor that is not as expected is named") {
  const std::string path = golden::path("model.safetensors");
  const stx::SafetensorsFile f = stx::read_safetensors(path);
  CHECK_THROWS_WITH_AS(f.get<float>("none", {1}), ("[" + path + "] has no tensor 'none'").c_str(), stx::DataError);
  CHECK_THROWS_WITH_AS(f.get<float>("weight", {3, 2}),
                       ("[" + path + "] tensor 'weight' is 2 x 3, expected 3 x 2").c_str(), stx::DataError);
  CHECK_THROWS_WITH_AS(f.get<float>("bias", {2}), ("[" + path + "] tensor 'bias' has dtype F64, expected F32").c_str(),
                       stx::DataError);
}

TEST_CASE("what is written is read back bit for bit, aligned, with no metadata or with some") {
  const golden::Folder folder;
  stx::TensorMap tensors;
  tensors["b"] = {{2, 2}, std::vector<float>{1, -0.0f, std::numeric_limits<float>::quiet_NaN(), 1e-40f}};
  tensors["a"] = {{1}, std::vector<std::int32_t>{-5}};
  tensors["c"] = {{3}, std::vector<double>{1, 2, 3}};
  tensors["d\"\n"] = {{}, std::vector<std::int64_t>{std::int64_t{1} << 62}};
  const stx::MetadataMap metadata{{"key", "value \"quoted\"\n"}, {"", ""}};
  stx::write_safetensors(folder / "x", tensors, metadata);
  const stx::SafetensorsFile f = stx::read_safetensors(folder / "x");
  CHECK(f.metadata == metadata);
  REQUIRE(f.tensors.size() == 4);
  const auto& b = std::get<std::vector<float>>(f.tensors.at("b").values);
  CHECK(std::memcmp(b.data(), std::get<std::vector<float>>(tensors["b"].values).data(), 16) == 0);
  CHECK(f.get<double>("c", {3}) == std::vector<double>{1, 2, 3});
  CHECK(f.get<std::int64_t>("d\"\n", {})[0] == std::int64_t{1} << 62);
  const std::string bytes = golden::slurp(folder / "x");
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  CHECK(header % 8 == 0);
  stx::write_safetensors(folder / "y", tensors, metadata);
  CHECK(golden::slurp(folder / "y") == bytes);  // no clock, no address, no order of insertion
  stx::write_safetensors(folder / "none", {});
  CHECK(stx::read_safetensors(folder / "none").tensors.empty());
}

TEST_CASE("damaged files are refused with the reason") {
  const golden::Folder folder;
  const std::string path = folder / "x.safetensors";
  const auto read = [&](const std::string& bytes) {
    golden::spit(path, bytes);
    const std::string message = golden::message([&] { stx::read_safetensors(path); });
    return message.size() > path.size() ? message.substr(path.size() + 1) : message;
  };
  const auto one = [](const std::string& body) { return "{\"w\":{" + body + "}}"; };
  CHECK(read("abc") == "] is not a safetensors file: it has only 3 bytes");
  CHECK(read(std::string(8, '\xff')) ==
        "] claims a header of 18446744073709551615 bytes; at most 100000000 are allowed. Is it a "
        "safetensors file?");
  CHECK(read(std::string("\x80\x96\x98\x00\x00\x00\x00\x00{}", 10)) ==
        "] claims a header of 10000000 bytes, but the file has only 10; it is truncated or damaged");
  CHECK(read(file_of("{\"w\":", 0)).starts_with("] the safetensors header is not valid JSON: "));
  CHECK(read(file_of("", 0)).starts_with("] the safetensors header is not valid JSON: "));
  CHECK(read(file_of("[1]", 0)) == "] the safetensors header must be a JSON object");
  const std::string good = one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])");
  CHECK(read(file_of(good, 8)) == "");
  CHECK(read(file_of(good, 7)) ==
        ":w] has data_offsets [0, 8), but the file holds 7 bytes of data; the "
        "file is truncated or damaged");
  CHECK(read(file_of(good, 9)) ==
        "] holds 9 bytes of data, its header names 8; the file is truncated or "
        "damaged");
  CHECK(read(file_of(one(R"("dtype":"U16","shape":[2],"data_offsets":[0,4])"), 4)) ==
        ":w] has dtype U16; supported are F32, F64, I64, I32, F16 and BF16");
  CHECK(read(file_of(one(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"), 8)) ==
        ":w] has 8 bytes of data, but its shape needs 3 values of 4 bytes");
  CHECK(read(file_of(one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), 8)) ==
        ":w] has data_offsets [8, 0), but the file holds 8 bytes of data; the file is truncated or "
        "damaged");
  CHECK(read(file_of(one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8])"), 8)) ==
        ":w] has an absurd shape");
  CHECK(read(file_of(one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), 8)) ==
        ":w] must have dtype, shape and two data_offsets");
  CHECK(read(file_of(one(R"("dtype":"F32","shape":[2])"), 8)) == ":w] must have dtype, shape and two data_offsets");
  const std::string v = R"(,"v":{"dtype":"F32","shape":[2],"data_offsets":)";
  const std::string w = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  CHECK(read(file_of(w + v + "[8,16]}}", 16)) == "");
  CHECK(read(file_of(w + v + "[4,12]}}", 12)) == ":v] begins at byte 4 of the data, expected 8 (tensors overlap)");
  CHECK(read(file_of(w + v + "[12,20]}}", 20)) == ":v] begins at byte 12 of the data, expected 8 (a gap before it)");
  CHECK(read(file_of(w + R"(,"w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})", 16)) ==
        "] the name 'w' occurs twice");
  CHECK(read(file_of(R"({"__metadata__":{"k":1}})", 0)) == "] __metadata__ must map strings to strings");
  CHECK(read(file_of(R"({"__metadata__":[]})", 0)) == "] __metadata__ must map strings to strings");
}

TEST_CASE("wrong calls and a full disk leave no file") {
  const golden::Folder folder;
  const std::string path = folder / "x";
  CHECK(golden::message([&] {
          stx::write_safetensors(path, {{"w", {{3}, std::vector<float>{1}}}});
        }) == "[" + path + "] tensor 'w' has 1 values, which do not fill its shape");
  CHECK(golden::message([&] {
          stx::write_safetensors(path, {{"__metadata__", {{0}, std::vector<float>{}}}});
        }) == "[" + path + "] a tensor cannot be called __metadata__");
  CHECK(golden::message([&] {
          stx::write_safetensors(path, {{"\xff", {{0}, std::vector<float>{}}}});
        }).starts_with("[" + path + "] names and metadata must be UTF-8 text: "));
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1000, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = golden::message([&] {
    stx::write_safetensors(path, {{"w", {{4000}, std::vector<float>(4000)}}});
  });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, previous);
  CHECK(message == "[" + path +
                       "] cannot write: File too large; make room or choose another folder (no "
                       "partial file was left)");
  CHECK(folder.n_files() == 0);
}
