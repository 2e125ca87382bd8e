// Text to token numbers as T5 has them: a SentencePiece unigram model, for printable ASCII.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "stx/core/error.hpp"

namespace stx {

namespace detail {

/// Fields of one message in the wire format of protocol buffers.
class ProtobufReader {
 public:
  ProtobufReader(std::string_view bytes, const std::string& path) : rest_(bytes), path_(path) {}

  /// Steps to the next field. Its value is then in `number` (varint, fixed) or `bytes`.
  bool next() {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    field = tag >> 3;
    bytes = {};
    number = 0;
    switch (tag & 7) {
      case 0:
        number = varint();
        break;
      case 1:
        number = fixed(8);
        break;
      case 2:
        bytes = take(varint());
        break;
      case 5:
        number = fixed(4);
        break;
      default:
        require<DataError>(false, path_, "is no SentencePiece model: wire type ", tag & 7);
    }
    return true;
  }

  std::uint64_t field = 0, number = 0;
  std::string_view bytes;

 private:
  std::string_view take(std::uint64_t n) {
    require<DataError>(n <= rest_.size(), path_, "is no SentencePiece model: a field ends behind the file");
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }
  std::uint64_t fixed(std::uint64_t n) {
    std::uint64_t value = 0;
    const std::string_view raw = take(n);
    for (std::size_t i = 0; i < raw.size(); ++i) value |= std::uint64_t{static_cast<unsigned char>(raw[i])} << (8 * i);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    require<DataError>(false, path_, "is no SentencePiece model: a number of more than 64 bits");
    return 0;
  }

  std::string_view rest_;
  const std::string& path_;
};

}  // namespace detail

/// Splits text as T5's tokeniser does: the pieces of a vocabulary whose scores sum to the most.
///
/// Runs of white space count as one space; one stands before the text. A character without a piece costs ten
/// more than the worst piece and becomes <unk>; neighbouring ones become a single <unk>. The Unicode
/// normalisation of the model file leaves printable ASCII alone and is not carried out: other text is refused.
/// Source: Kudo 2018, "Subword regularization"; the unigram model of SentencePiece.
class T5Tokenizer {
 public:
  static constexpr std::int32_t end = 1, unknown = 2;

  /// Reads a spiece.model.
  /// @param any_size  takes vocabularies of another size than T5's 32000 pieces
  /// @throws DataError for a file that is damaged, no unigram model, or made with other rules than T5's.
  explicit T5Tokenizer(const std::string& path, bool any_size = false) {
    std::ifstream in(path, std::ios::binary);
    require<DataError>(in.good() && std::filesystem::is_regular_file(path), path, "cannot be opened for reading");
    const std::string content{std::istreambuf_iterator<char>(in), {}};
    float lowest = 0;
    detail::ProtobufReader model(content, path);
    while (model.next()) {
      if (model.field == 1) add_piece(model.bytes, path, lowest);
      if (model.field == 2) check_rules(model.bytes, path, {{3, 1}, {24, 0}, {35, 0}});
      if (model.field == 3) check_rules(model.bytes, path, {{3, 1}, {4, 1}, {5, 1}});
    }
    require<DataError>(count_ > unknown && specials_ == "<pad>3</s>3<unk>2", path,
                       "must have the special pieces <pad>, </s> and <unk> as 0, 1 and 2 and no others");
    require<DataError>(any_size || count_ == 32000, path, "has ", count_, " pieces, T5's vocabulary has 32000");
    unknown_score_ = lowest - 10;
  }

  /// Number of pieces.
  std::int32_t size() const { return count_; }

  /// Token numbers of a text, the end token behind them.
  ///
  /// @param max_length  of the result: longer texts lose their end, but not the end token
  /// @throws ArgumentError for text outside of printable ASCII and white space, or with a special token in it.
  std::vector<std::int32_t> encode(std::string_view text, std::size_t max_length = 512) const {
    require(max_length >= 1, "T5Tokenizer", "max_length must be at least 1");
    std::vector<std::int32_t> ids = best_pieces(normalised(text));
    ids.resize(std::min(ids.size(), max_length - 1));
    ids.push_back(end);
    return ids;
  }

 private:
  struct Piece {
    std::int32_t id;
    float score;
  };

  void add_piece(std::string_view message, const std::string& path, float& lowest) {
    enum { normal = 1, unused = 5 };
    std::string text;
    float score = 0;
    std::uint64_t type = normal;
    detail::ProtobufReader piece(message, path);
    while (piece.next()) {
      if (piece.field == 1) text = piece.bytes;
      if (piece.field == 2) score = std::bit_cast<float>(static_cast<std::uint32_t>(piece.number));
      if (piece.field == 3) type = piece.number;
    }
    const std::int32_t id = count_++;
    if (type == unused) return;
    if (type != normal) {
      specials_ += text + std::to_string(type);
      return;
    }
    lowest = std::min(lowest, score);
    const std::string mark = "\xE2\x96\x81";  // stands for a space
    for (std::size_t at; (at = text.find(mark)) != std::string::npos;) text.replace(at, mark.size(), " ");
    longest_ = std::max(longest_, text.size());
    pieces_.emplace(std::move(text), Piece{id, score});
  }

  /// Fields that must have a value; what is absent has it.
  static void check_rules(std::string_view message, const std::string& path,
                          const std::map<std::uint64_t, std::uint64_t>& expected) {
    detail::ProtobufReader rules(message, path);
    while (rules.next()) {
      const auto rule = expected.find(rules.field);
      require<DataError>(rule == expected.end() || rule->second == rules.number, path,
                         "was made with other rules than T5's: setting ", rules.field, " is ", rules.number);
    }
  }

  static std::string normalised(std::string_view text) {
    for (const char* special : {"<pad>", "</s>", "<unk>", "<extra_id_"})
      require(text.find(special) == std::string_view::npos, "T5Tokenizer", "text must not contain '", special, "'");
    std::string out;
    bool space = true;
    for (const char c : text) {
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        space = true;
        continue;
      }
      require(c > ' ' && c < '\x7F', "T5Tokenizer", "text must be printable ASCII, got the byte ",
              static_cast<int>(static_cast<unsigned char>(c)));
      if (space) out += ' ';
      space = false;
      out += c;
    }
    return out;
  }

  /// Viterbi's best path; at equal scores the piece that began first.
  std::vector<std::int32_t> best_pieces(const std::string& text) const {
    struct Node {
      float score = 0;
      std::size_t begin = 0;
      std::int32_t id = -1;  ///< of the piece that ends here
    };
    std::vector<Node> nodes(text.size() + 1);
    for (std::size_t begin = 0; begin < text.size(); ++begin) {
      const auto offer = [&](std::size_t length, Piece piece) {
        Node& node = nodes[begin + length];
        const float score = piece.score + nodes[begin].score;
        if (node.id < 0 || score > node.score) node = {score, begin, piece.id};
      };
      bool single = false;
      for (std::size_t length = 1; length <= std::min(longest_, text.size() - begin); ++length) {
        const auto piece = pieces_.find(std::string_view(text).substr(begin, length));
        if (piece == pieces_.end()) continue;
        offer(length, piece->second);
        single = single || length == 1;
      }
      if (!single) offer(1, {unknown, unknown_score_});
    }
    std::vector<std::int32_t> ids;
    for (std::size_t at = text.size(); at > 0; at = nodes[at].begin)
      if (nodes[at].id != unknown || ids.empty() || ids.back() != unknown) ids.push_back(nodes[at].id);
    std::reverse(ids.begin(), ids.end());
    return ids;
  }

  std::map<std::string, Piece, std::less<>> pieces_;
  std::string specials_;  ///< names and types of what is no normal piece
  std::size_t longest_ = 0;
  std::int32_t count_ = 0;
  float unknown_score_ = 0;
};

}  // namespace stx
