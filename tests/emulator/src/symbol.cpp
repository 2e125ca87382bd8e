#include "symbol.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

namespace stx_emulator {
namespace {

/// What is left of the file may be less than `bytes`: the rest stays zero.
std::vector<char> read(std::ifstream& file, std::size_t offset, std::size_t bytes) {
  std::vector<char> held(bytes);
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset)).read(held.data(), static_cast<std::streamsize>(bytes));
  return held;
}

template <class T>
T read_at(std::ifstream& file, std::size_t offset) {
  T value{};
  std::memcpy(&value, read(file, offset, sizeof(T)).data(), sizeof(T));
  return value;
}

// dladdr knows exported symbols only; the kernels of an executable are in .symtab.
std::string mangled_name(const void* address) {
  Dl_info info{};
  link_map* map = nullptr;
  if (!dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP)) return {};
  std::ifstream file(map->l_name[0] ? map->l_name : "/proc/self/exe", std::ios::binary);
  if (!file) return {};
  const auto header = read_at<ElfW(Ehdr)>(file, 0);
  const auto value = reinterpret_cast<std::uintptr_t>(address) - map->l_addr;
  for (int at = 0; at < header.e_shnum; ++at) {
    const auto table = read_at<ElfW(Shdr)>(file, header.e_shoff + at * sizeof(ElfW(Shdr)));
    if (table.sh_type != SHT_SYMTAB) continue;
    const auto names = read_at<ElfW(Shdr)>(file, header.e_shoff + table.sh_link * sizeof(ElfW(Shdr)));
    const std::vector<char> symbols = read(file, table.sh_offset, table.sh_size);
    for (std::size_t offset = 0; offset + sizeof(ElfW(Sym)) <= symbols.size(); offset += sizeof(ElfW(Sym))) {
      ElfW(Sym) symbol;
      std::memcpy(&symbol, symbols.data() + offset, sizeof symbol);
      if ((symbol.st_info & 0xf) != STT_FUNC || symbol.st_value != value) continue;
      std::string name;
      file.clear();
      std::getline(file.seekg(static_cast<std::streamoff>(names.sh_offset + symbol.st_name)), name, '\0');
      return name;
    }
  }
  return {};
}

}  // namespace

std::string function_name(const void* address) {
  const std::string mangled = mangled_name(address);
  if (mangled.empty()) return "(unknown kernel)";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status),
                                                    std::free);
  return name ? name.get() : mangled;
}

}  // namespace stx_emulator
