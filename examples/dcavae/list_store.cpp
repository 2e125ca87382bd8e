#include "examples/dcavae/list_store.hpp"

#include <algorithm>

namespace stx::dcavae {

namespace {

std::size_t size_of(const TopLists& lists) {
  return (lists.of_cells.values.size() + lists.of_spots.values.size()) * sizeof(std::int32_t);
}

}  // namespace

std::shared_ptr<const TopLists> ListStore::find(std::uint64_t key, const Task& task, const ListSizes& sizes,
                                                const std::function<TopLists()>& make) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [key](const Kept& k) { return k.first == key; });
  if (found != kept_.end()) {
    kept_.splice(kept_.begin(), kept_, found);
    return kept_.front().second;
  }
  std::shared_ptr<const TopLists> lists;
  const std::string path = folder_.empty() ? "" : lists_path(folder_, key);
  if (!path.empty())
    if (auto stored = load_lists(path, key, task, sizes)) lists = std::make_shared<TopLists>(*std::move(stored));
  if (!lists) {
    lists = std::make_shared<TopLists>(make());
    if (!path.empty()) save_lists(path, key, *lists);
  }
  keep(key, lists);
  return lists;
}

void ListStore::keep(std::uint64_t key, std::shared_ptr<const TopLists> lists) {
  const std::size_t size = size_of(*lists);
  if (size > most_bytes_) return;
  while (bytes_ + size > most_bytes_) {
    bytes_ -= size_of(*kept_.back().second);
    kept_.pop_back();
  }
  bytes_ += size;
  kept_.emplace_front(key, std::move(lists));
}

}  // namespace stx::dcavae
