// Lists of partners that were made before: in memory, and in files where a folder is given.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "examples/dcavae/top_lists.hpp"

namespace stx::dcavae {

/// The lists by lists_key(). Folds, seeds, variants and passes over the same training genes share them. In memory
/// they take at most `most_bytes`: those not asked for the longest leave first.
class ListStore {
 public:
  explicit ListStore(std::string folder = "", std::size_t most_bytes = std::size_t{1} << 28)
      : folder_(std::move(folder)), most_bytes_(most_bytes) {}

  /// The lists of a task for profiles of its `cells` and `spots`; made only if no earlier ones are at hand.
  template <class D>
  std::shared_ptr<const TopLists> lists(const ContextOptions& context, const Task& task, const Options& options,
                                        const Matrix<float>& cells, const Matrix<float>& spots) {
    const ListSizes sizes = list_sizes(cells.rows, spots.rows, options);
    return find(lists_key(task, sizes, similarity_of(options.similarity)), task, sizes,
                [&] { return make_lists<D>(context, cells, spots, sizes); });
  }

  std::size_t bytes() const { return bytes_; }

 private:
  using Kept = std::pair<std::uint64_t, std::shared_ptr<const TopLists>>;

  std::shared_ptr<const TopLists> find(std::uint64_t key, const Task& task, const ListSizes& sizes,
                                       const std::function<TopLists()>& make);
  void keep(std::uint64_t key, std::shared_ptr<const TopLists> lists);

  std::string folder_;
  std::size_t most_bytes_ = 0, bytes_ = 0;
  std::list<Kept> kept_;  ///< asked for last: first
};

}  // namespace stx::dcavae
