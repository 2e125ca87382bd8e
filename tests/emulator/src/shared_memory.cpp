#include "shared_memory.hpp"

#include <cstring>

#include "sanitizer.hpp"

// One block of thread-local memory under the names that `extern __shared__ unsigned char
// stx_shared[];` can have: a declaration inside a function belongs to the enclosing namespace.
// Of each, `_ZTH...` is what g++ calls before the first use of a thread-local variable: nothing.
#define STX_SHARED_NAME(mangled, init)                           \
  ".globl " mangled "\n.type " mangled ", @tls_object\n" mangled \
  ":\n"                                                          \
  ".pushsection .text\n.globl " init "\n.type " init ", @function\n" init ":\nret\n.popsection\n"
asm(".pushsection .tbss, \"awT\", @nobits\n.balign 1024\n" STX_SHARED_NAME("stx_shared", "_ZTH10stx_shared")
        STX_SHARED_NAME("_ZN3stx10stx_sharedE", "_ZTHN3stx10stx_sharedE")
            STX_SHARED_NAME("_ZN3stx6detail10stx_sharedE", "_ZTHN3stx6detail10stx_sharedE")
                STX_SHARED_NAME("_ZN3stx7kernels10stx_sharedE", "_ZTHN3stx7kernels10stx_sharedE")
                    STX_SHARED_NAME("_ZN12stx_emulator12shared_blockE",
                                    "_ZTHN12stx_emulator12shared_blockE") ".zero 236544\n.popsection\n");

namespace stx_emulator {

extern thread_local unsigned char shared_block[];

static_assert(shared_optin_limit + shared_guard == 236544, "as in the assembly above");

namespace {

unsigned char poison_byte(std::size_t offset, std::uint32_t word) {
  return static_cast<unsigned char>(word >> (8 * (offset % 4)));
}

}  // namespace

void prepare_shared(std::size_t bytes, std::uint32_t word) {
  allow(shared_block, shared_optin_limit + shared_guard);
  const std::size_t end = (bytes + shared_guard) / 4 * 4;
  for (std::size_t at = 0; at < end; at += 4) std::memcpy(shared_block + at, &word, 4);
}

std::ptrdiff_t find_shared_overrun(std::size_t bytes, std::uint32_t word) {
  const std::size_t end = (bytes + shared_guard) / 4 * 4;
  for (std::size_t at = bytes; at < end; ++at) {
    if (shared_block[at] != poison_byte(at, word)) return static_cast<std::ptrdiff_t>(at);
  }
  return -1;
}

}  // namespace stx_emulator
