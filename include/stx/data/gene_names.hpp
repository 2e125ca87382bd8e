// Which genes two data sets share: exact names, names up to case, or through a table of synonyms.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "stx/core/error.hpp"

namespace stx {

/// Pairs (name in the data, common name), e.g. Ensembl id and symbol.
using NameTable = std::vector<std::pair<std::string, std::string>>;

struct GeneMatchOptions {
  bool fold_case = false;  ///< "Gad1" matches "GAD1" (ASCII letters)
  /// Translates names of either list before they are compared; a name that is not in the table
  /// stands for itself. An Ensembl id is also looked up without its version (ENSMUSG01.7).
  const NameTable* table = nullptr;
};

/// The genes shared by lists A and B.
struct GeneMatch {
  std::vector<std::int64_t> index_a;  ///< places in A, ascending: the shared genes in A's order
  std::vector<std::int64_t> index_b;  ///< the place in B of each of them
  /// Genes left out because an earlier one of the same list has the same (translated) name. The
  /// first one is kept; counts are not summed, since two rows of a name are often two transcripts
  /// or two assays and a sum would be a third quantity.
  std::int64_t n_duplicates_a = 0;
  std::int64_t n_duplicates_b = 0;
  std::vector<std::string> notes;  ///< sentences to show; empty when every name is unique

  std::int64_t size() const { return static_cast<std::int64_t>(index_a.size()); }
};

namespace detail {

inline std::string folded(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

/// The name without the version of an Ensembl id.
inline std::string_view unversioned(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (!name.starts_with("ENS") || dot == std::string_view::npos || dot + 1 == name.size()) return name;
  const bool digits = std::all_of(name.begin() + static_cast<std::ptrdiff_t>(dot) + 1, name.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  return digits ? name.substr(0, dot) : name;
}

/// Up to `most` names, quoted.
inline std::string examples(std::span<const std::string> names, std::size_t most = 5) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
    text += (i ? ", '" : "'") + names[i] + "'";
  }
  return names.empty() ? "none" : text + (names.size() > most ? ", ..." : "");
}

/// Names by which genes are compared.
class NameKeys {
 public:
  explicit NameKeys(const GeneMatchOptions& options) : fold_case_(options.fold_case) {
    if (!options.table) return;
    for (const auto& [from, to] : *options.table) {
      if (!table_.emplace(fold(from), fold(to)).second && table_[fold(from)] != fold(to)) {
        ++n_ambiguous_;
      }
    }
  }
  std::string operator()(const std::string& name) const {
    auto found = table_.find(fold(name));
    if (found == table_.end()) found = table_.find(fold(std::string(unversioned(name))));
    return found == table_.end() ? fold(name) : found->second;
  }
  std::int64_t n_ambiguous() const { return n_ambiguous_; }

 private:
  std::string fold(const std::string& name) const { return fold_case_ ? folded(name) : name; }

  bool fold_case_;
  std::int64_t n_ambiguous_ = 0;
  std::unordered_map<std::string, std::string> table_;
};

/// First place of each key, and the genes that repeat an earlier key.
struct KeyPlaces {
  std::vector<std::string> keys;
  std::unordered_map<std::string, std::int64_t> first;
  std::vector<std::string> repeated;
};

inline KeyPlaces key_places(std::span<const std::string> names, const NameKeys& key) {
  KeyPlaces places;
  for (std::size_t i = 0; i < names.size(); ++i) {
    places.keys.push_back(key(names[i]));
    if (!places.first.emplace(places.keys[i], static_cast<std::int64_t>(i)).second) {
      places.repeated.push_back(names[i]);
    }
  }
  return places;
}

}  // namespace detail

/// Finds the genes that two lists share, in the order of list A.
/// Errors (DataError): no gene is shared; the message shows names of both lists and what to try.
inline GeneMatch match_genes(std::span<const std::string> names_a, std::span<const std::string> names_b,
                             const GeneMatchOptions& options = {}) {
  const detail::NameKeys key(options);
  const detail::KeyPlaces a = detail::key_places(names_a, key), b = detail::key_places(names_b, key);
  GeneMatch match;
  for (std::size_t i = 0; i < names_a.size(); ++i) {
    const auto place = static_cast<std::int64_t>(i);
    const auto found = b.first.find(a.keys[i]);
    if (found == b.first.end() || a.first.at(a.keys[i]) != place) continue;
    match.index_a.push_back(place);
    match.index_b.push_back(found->second);
  }
  require<DataError>(
      match.size() > 0, "match_genes", "the two data sets share no gene. First names: ", detail::examples(names_a),
      " and ", detail::examples(names_b), ". ", options.fold_case ? "" : "Try matching without case, or ",
      options.fold_case ? "Give" : "give", " a table of two columns (for example Ensembl id and symbol)");
  const auto note = [&](const char* list, const std::vector<std::string>& repeated) {
    if (repeated.empty()) return;
    match.notes.push_back("list " + std::string(list) + " has " + std::to_string(repeated.size()) +
                          " genes whose name occurs before; the first of each is kept: " + detail::examples(repeated));
  };
  match.n_duplicates_a = static_cast<std::int64_t>(a.repeated.size());
  match.n_duplicates_b = static_cast<std::int64_t>(b.repeated.size());
  note("A", a.repeated);
  note("B", b.repeated);
  if (key.n_ambiguous() > 0) {
    match.notes.push_back("the table translates " + std::to_string(key.n_ambiguous()) +
                          " names in more than one way; the first is used");
  }
  return match;
}

/// Throws DataError unless all names differ.
inline void require_unique(std::span<const std::string> names, std::string_view where, std::string_view what) {
  const detail::KeyPlaces places = detail::key_places(names, detail::NameKeys({}));
  require<DataError>(places.repeated.empty(), where, places.repeated.size(), " ", what,
                     " occur more than once: ", detail::examples(places.repeated), "; make them unique");
}

}  // namespace stx
