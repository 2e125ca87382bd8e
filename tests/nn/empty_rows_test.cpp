#include "support/compare.hpp"
#include "support/empty_layers.hpp"

#include "stx/backend/cpu/transfer.hpp"

TEST_CASE("layers without rows: no result, gradients 0") { stx::test::check_layers_without_rows<float, stx::Cpu>(); }
