// A ladder: one result reached by several kernels, each of which adds one idea to the one before.
#pragma once

#include <cstdint>
#include <vector>

#include "stx/core/context.hpp"

namespace stx::steps {

/// What one call does to device memory.
struct Traffic {
  std::int64_t moved = 0;   ///< bytes, when each launch reads and writes every byte it needs once
  std::int64_t issued = 0;  ///< bytes of all loads and stores of all threads; caches serve the rest
  int launches = 0;
};

inline Traffic operator+(const Traffic& a, const Traffic& b) {
  return {a.moved + b.moved, a.issued + b.issued, a.launches + b.launches};
}

/// One step of a ladder; `Problem` is pointers and sizes, of which `traffic` reads the sizes alone.
template <class Problem>
struct Rung {
  const char* name;
  void (*run)(Context<Cuda>&, const Problem&);
  Traffic (*traffic)(const Problem&);
};

template <class Problem>
using Ladder = std::vector<Rung<Problem>>;  ///< from naive to the library's kernel

}  // namespace stx::steps
