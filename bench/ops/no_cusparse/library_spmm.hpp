// No library's product of a sparse and a dense matrix is at hand to be measured beside stx's.
#pragma once

namespace stx::bench {

template <class AddProduct>
void with_library_spmm(AddProduct&&) {}

}  // namespace stx::bench
