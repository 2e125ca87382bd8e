// Lines of a text file, plain or gzip-compressed, and numbers out of them.
#pragma once

#include <zlib.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stx/core/error.hpp"

namespace stx {

/// Reads a text file line by line; gzip is recognised by its content.
class TextReader {
 public:
  explicit TextReader(std::string path) : path_(std::move(path)) {
    std::error_code error;
    require<DataError>(std::filesystem::is_regular_file(path_, error), path_, "no such file (or not a regular one)");
    file_.reset(gzopen(path_.c_str(), "rb"));
    require<DataError>(file_ != nullptr, path_, "cannot be opened for reading");
    gzbuffer(file_.get(), 1u << 17);
  }

  /// Fetches the next line without its end (\n or \r\n); false at the end of the file.
  bool next(std::string& line) {
    line.clear();
    for (;;) {
      if (at_ == filled_ && !fill()) break;
      const std::string_view rest(buffer_.data() + at_, filled_ - at_);
      const std::size_t end = rest.find('\n');
      line.append(rest.substr(0, end));
      at_ += end == std::string_view::npos ? rest.size() : end + 1;
      require<DataError>(line.size() <= max_line, path_, "line ", number_ + 1,
                         " is longer than 1 GiB; this is not a table of text");
      if (end != std::string_view::npos) return finish(line);
    }
    if (line.empty()) return false;
    return finish(line);
  }

  std::int64_t line_number() const { return number_; }  ///< of the last line, from 1
  const std::string& path() const { return path_; }
  /// "path:line", for messages.
  std::string where() const { return path_ + ":" + std::to_string(number_); }

 private:
  static constexpr std::size_t max_line = std::size_t{1} << 30;
  struct Close {
    void operator()(gzFile_s* file) const { gzclose(file); }
  };

  bool fill() {
    const int n = gzread(file_.get(), buffer_.data(), static_cast<unsigned>(buffer_.size()));
    int status = Z_OK;
    gzerror(file_.get(), &status);
    require<DataError>(n >= 0 && (status == Z_OK || status == Z_STREAM_END), path_,
                       "cannot be decompressed after line ", number_, "; the gzip file is truncated or damaged");
    at_ = 0;
    filled_ = static_cast<std::size_t>(n);
    return n > 0;
  }

  bool finish(std::string& line) {
    ++number_;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // byte order mark
    return true;
  }

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{1} << 16);
  std::size_t at_ = 0, filled_ = 0;
  std::int64_t number_ = 0;
};

/// Splits a line at `separator`. A field may be quoted ("a,b", "" for a quote inside).
/// Errors (DataError): a quote that does not end.
inline std::vector<std::string> split_fields(std::string_view line, char separator, const std::string& where) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      if (c != '"') {
        fields.back() += c;
      } else if (i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += line[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"' && fields.back().empty()) {
      quoted = true;
    } else if (c == separator) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  require<DataError>(!quoted, where, "a quoted field does not end on this line");
  return fields;
}

/// The whole text as a number; false for anything else (spaces around it are allowed).
template <class T>
bool parse_number(std::string_view text, T& value) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

}  // namespace stx
