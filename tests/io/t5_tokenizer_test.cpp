#include "stx/io/t5_tokenizer.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "io/golden.hpp"

namespace {

using Ids = std::vector<std::int32_t>;

std::string file(const std::string& name) { return std::string(STX_TEST_SOURCE_DIR "/golden/t5/tokens/") + name; }

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Of the error that loading these bytes gives, or nothing.
std::string message(const std::string& bytes, bool any_size = true) {
  const golden::Folder folder;
  golden::spit(folder / "m", bytes);
  const std::string text = golden::message([&] { stx::T5Tokenizer(folder / "m", any_size); });
  const std::string prefix = "[" + (folder / "m") + "] ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

}  // namespace

TEST_CASE("T5 tokens: those of SentencePiece and of the library, text by text") {
  const stx::T5Tokenizer tokenizer(file("spiece.model"), true);
  CHECK(tokenizer.size() == 400);
  const auto json = nlohmann::json::parse(bytes_of(file("tokens.json")));
  CHECK(json["tokens"].size() == 60);
  for (const auto& entry : json["tokens"]) {
    const auto text = entry["text"].get<std::string>();
    const auto want = entry["ids"].get<Ids>();
    INFO(text);
    CHECK(tokenizer.encode(text, 100000) == want);
    for (std::size_t length : {std::size_t{1}, std::size_t{5}, std::size_t{512}}) {
      Ids cut(want.begin(), want.begin() + static_cast<std::ptrdiff_t>(std::min(length, want.size())));
      cut.back() = 1;  // the end token stays
      CHECK(tokenizer.encode(text, length) == cut);
    }
  }
}

TEST_CASE("T5 tokens: white space, unknown characters, nothing at all") {
  const stx::T5Tokenizer tokenizer(file("spiece.model"), true);
  CHECK(tokenizer.encode("") == Ids{1});
  CHECK(tokenizer.encode(" \t\r\n ") == Ids{1});
  CHECK(tokenizer.encode("\tGad1 \r\n\n Gad2") == tokenizer.encode("Gad1 Gad2"));
  const Ids one = tokenizer.encode("Gad1{"), three = tokenizer.encode("Gad1{{}");
  CHECK(one == three);
  CHECK(one[one.size() - 2] == 2);
}

TEST_CASE("T5 tokens: text that cannot be split is refused") {
  const stx::T5Tokenizer tokenizer(file("spiece.model"), true);
  CHECK_THROWS_WITH_AS(tokenizer.encode("N\xC3\xA4me"), "[T5Tokenizer] text must be printable ASCII, got the byte 195",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(tokenizer.encode(std::string_view("a\0b", 3)),
                       "[T5Tokenizer] text must be printable ASCII, got the byte 0", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(tokenizer.encode("a </s> b"), "[T5Tokenizer] text must not contain '</s>'", stx::ArgumentError);
  CHECK_THROWS_WITH_AS(tokenizer.encode("<extra_id_3>"), "[T5Tokenizer] text must not contain '<extra_id_'",
                       stx::ArgumentError);
  CHECK_THROWS_WITH_AS(tokenizer.encode("a", 0), "[T5Tokenizer] max_length must be at least 1", stx::ArgumentError);
}

TEST_CASE("T5 tokens: models that are damaged or made with other rules are refused") {
  const std::string good = bytes_of(file("spiece.model"));
  CHECK(message(good).empty());
  CHECK(message(good, false) == "has 400 pieces, T5's vocabulary has 32000");
  CHECK(message("") == "must have the special pieces <pad>, </s> and <unk> as 0, 1 and 2 and no others");
  CHECK(message("\x0F") == "is no SentencePiece model: wire type 7");
  CHECK(message("\x0A\x05") == "is no SentencePiece model: a field ends behind the file");
  CHECK(message(std::string(11, '\xFF')) == "is no SentencePiece model: a number of more than 64 bits");
  // Behind the others: a further piece that controls, a trainer of word pieces, a normaliser without a space in front.
  CHECK(message(good + std::string("\x0A\x07\x0A\x03<s>\x18\x03", 9)) ==
        "must have the special pieces <pad>, </s> and <unk> as 0, 1 and 2 and no others");
  CHECK(message(good + std::string("\x12\x02\x18\x02", 4)) == "was made with other rules than T5's: setting 3 is 2");
  CHECK(message(good + std::string("\x1A\x02\x18\x00", 4)) == "was made with other rules than T5's: setting 3 is 0");
  CHECK_THROWS_WITH_AS(stx::T5Tokenizer(file("none")), ("[" + file("none") + "] cannot be opened for reading").c_str(),
                       stx::DataError);
}

TEST_CASE("T5 tokens: no truncation and no wrong byte does more than an error") {
  const std::string good = bytes_of(file("spiece.model"));
  const golden::Folder folder;
  std::size_t refused = 0;
  const auto load = [&](const std::string& bytes) {
    golden::spit(folder / "m", bytes);
    try {
      stx::T5Tokenizer(folder / "m", true).encode("A spot in layer 5 {}");
    } catch (const stx::DataError&) {
      ++refused;
    }
  };
  for (std::size_t n = 0; n < good.size(); n += 7) load(good.substr(0, n));
  std::uint32_t state = 1;
  for (int trial = 0; trial < 1000; ++trial) {
    std::string bad = good;
    state = state * 1664525u + 1013904223u;
    bad[state % bad.size()] = static_cast<char>(state >> 24);
    load(bad);
  }
  CHECK(refused > 700);
}
