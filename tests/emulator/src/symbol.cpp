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

template <class T>
T read_at(const std::vector<char>& file, std::size_t offset) {
  T value{};
  if (offset + sizeof(T) <= file.size()) std::memcpy(&value, file.data() + offset, sizeof(T));
  return value;
}

// dladdr knows exported symbols only; the kernels of an executable are in .symtab.
std::string mangled_name(const void* address) {
  Dl_info info{};
  link_map* map = nullptr;
  if (!dladdr1(address, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP)) return {};
  const char* path = map->l_name[0] ? map->l_name : "/proc/self/exe";
  std::ifstream stream(path, std::ios::binary | std::ios::ate);
  std::vector<char> file(stream ? static_cast<std::size_t>(stream.tellg()) : 0);
  stream.seekg(0).read(file.data(), static_cast<std::streamsize>(file.size()));
  const auto header = read_at<ElfW(Ehdr)>(file, 0);
  const auto value = reinterpret_cast<std::uintptr_t>(address) - map->l_addr;
  for (int at = 0; at < header.e_shnum; ++at) {
    const auto table = read_at<ElfW(Shdr)>(file, header.e_shoff + at * sizeof(ElfW(Shdr)));
    if (table.sh_type != SHT_SYMTAB) continue;
    const auto names =
        read_at<ElfW(Shdr)>(file, header.e_shoff + table.sh_link * sizeof(ElfW(Shdr)));
    for (std::size_t offset = 0; offset < table.sh_size; offset += sizeof(ElfW(Sym))) {
      const auto symbol = read_at<ElfW(Sym)>(file, table.sh_offset + offset);
      if ((symbol.st_info & 0xf) != STT_FUNC || symbol.st_value != value) continue;
      const std::size_t name = names.sh_offset + symbol.st_name;
      if (name < file.size()) return file.data() + name;
    }
  }
  return {};
}

}  // namespace

std::string function_name(const void* address) {
  const std::string mangled = mangled_name(address);
  if (mangled.empty()) return "(unknown kernel)";
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status), std::free);
  return name ? name.get() : mangled;
}

}  // namespace stx_emulator
