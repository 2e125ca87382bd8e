// Count tables as text: CSV or TSV, plain or gzip, with names of genes and cells.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "stx/io/anndata.hpp"
#include "stx/io/text_reader.hpp"
#include "stx/io/triplets.hpp"

namespace stx {

struct DelimitedOptions {
  char separator = '\0';       ///< '\0': tab if the first line has one, else comma, else semicolon
  bool genes_in_rows = false;  ///< the table is genes x cells; it is read as cells x genes
};

/// The separator of a table whose first line is `header`.
inline char guess_separator(const std::string& header) {
  for (const char c : {'\t', ',', ';'}) {
    if (header.find(c) != std::string::npos) return c;
  }
  return ',';
}

/// Reads a dense table as sparse counts: first line gene names, first column cell names (with
/// genes_in_rows the other way round). The first line may hold a corner cell or, as R writes it,
/// begin with the first name. Fields may be quoted.
/// Errors (DataError, naming line and column): rows of different length, values that are missing or
/// not numbers.
inline AnnData read_delimited(const std::string& path, const DelimitedOptions& options = {}) {
  TextReader in(path);
  std::string line;
  require<DataError>(in.next(line), path, "is empty");
  const char separator = options.separator ? options.separator : guess_separator(line);
  std::vector<std::string> header = split_fields(line, separator, in.where());
  std::vector<std::string> row_names;
  Triplets entries;
  while (in.next(line)) {
    if (line.empty()) continue;
    const std::vector<std::string> fields = split_fields(line, separator, in.where());
    if (row_names.empty() && fields.size() == header.size()) header.erase(header.begin());
    require<DataError>(fields.size() == header.size() + 1, in.where(), "has ", fields.size(),
                       " fields, expected a name and ", header.size(), " values");
    const auto row = static_cast<std::int32_t>(row_names.size());
    require<DataError>(row < std::numeric_limits<std::int32_t>::max(), path, "has too many rows");
    row_names.push_back(fields[0]);
    for (std::size_t j = 0; j < header.size(); ++j) {
      float value = 0;
      require<DataError>(parse_number(fields[j + 1], value), in.where(), "value of '", fields[0], "' for '", header[j],
                         "' must be a number, got '", fields[j + 1].substr(0, 40), "'");
      if (value == 0.0f) continue;
      entries.rows.push_back(row);
      entries.cols.push_back(static_cast<std::int32_t>(j));
      entries.values.push_back(value);
    }
  }
  require<DataError>(!row_names.empty(), path, "has a header, but no rows");
  if (options.genes_in_rows) {
    std::swap(header, row_names);
    std::swap(entries.rows, entries.cols);
  }
  AnnData data;
  data.obs.index = std::move(row_names);
  data.var.index = std::move(header);
  data.x = csr_from_triplets(entries, data.n_obs(), data.n_var(), path);
  return data;
}

/// Reads a table of two columns (from, to) such as Ensembl id and symbol: CSV or TSV, plain or
/// gzip. Further columns and lines with an empty field are ignored.
inline std::vector<std::pair<std::string, std::string>> read_name_table(const std::string& path) {
  TextReader in(path);
  std::vector<std::pair<std::string, std::string>> pairs;
  std::string line;
  char separator = '\0';
  while (in.next(line)) {
    if (line.empty()) continue;
    if (separator == '\0') separator = guess_separator(line);
    const std::vector<std::string> fields = split_fields(line, separator, in.where());
    require<DataError>(fields.size() >= 2, in.where(), "must hold two names, got '", line.substr(0, 80), "'");
    if (!fields[0].empty() && !fields[1].empty()) pairs.emplace_back(fields[0], fields[1]);
  }
  require<DataError>(!pairs.empty(), path, "holds no pair of names");
  return pairs;
}

}  // namespace stx
