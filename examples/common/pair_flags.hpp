// The pair of data sets that a command line names, checked and cut down.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "examples/common/cli.hpp"
#include "examples/common/pair_data.hpp"
#include "stx/train/progress.hpp"

namespace stx {

/// Loads the pair that the flags name and tells what is worth knowing about it.
PairData load_pair(const DataFlags& flags, Progress& progress);

/// Keeps the `count` shared genes whose log-normalised expression varies most over the single cells: the spots have no
/// say, for some of these genes will be held out of them.
void keep_most_variable(PairData& pair, std::int64_t count);

/// Row numbers of spots from a .npy file, checked.
std::vector<std::int64_t> read_spots(const std::string& path, std::int64_t n_spots);

/// Refuses data on which nothing can be learned or judged.
void require_enough(const PairData& pair, int folds);

/// Refuses folds of shared genes that leave fewer than `least` of them to impute the others from; `who` needs them.
void require_inputs(const PairData& pair, const std::vector<std::vector<std::int64_t>>& folds, std::size_t least,
                    std::string_view who);

}  // namespace stx
