// Atomics. One thread runs at a time, so a plain read-modify-write is atomic; what the emulator
// adds is the order, which a checked launch varies.
#pragma once

#include <type_traits>

namespace stx_emulator {

template <class T, class Change>
T read_modify_write(T* address, Change change) {
  const T old = *address;
  *address = change(old);
  return old;
}

template <class T>
concept AtomicInteger = std::is_same_v<T, int> || std::is_same_v<T, unsigned> || std::is_same_v<T, unsigned long long>;
template <class T>
concept AtomicNumber = AtomicInteger<T> || std::is_same_v<T, float> || std::is_same_v<T, double>;

}  // namespace stx_emulator

template <stx_emulator::AtomicNumber T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  return stx_emulator::read_modify_write(address, [=](T old) { return static_cast<T>(old + value); });
}
template <stx_emulator::AtomicInteger T>
T atomicSub(T* address, std::type_identity_t<T> value) {
  return stx_emulator::read_modify_write(address, [=](T old) { return static_cast<T>(old - value); });
}
template <stx_emulator::AtomicInteger T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  return stx_emulator::read_modify_write(address, [=](T old) { return old < value ? value : old; });
}
template <stx_emulator::AtomicInteger T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  return stx_emulator::read_modify_write(address, [=](T old) { return value < old ? value : old; });
}
template <stx_emulator::AtomicInteger T>
T atomicAnd(T* address, std::type_identity_t<T> value) {
  return stx_emulator::read_modify_write(address, [=](T old) { return old & value; });
}
template <stx_emulator::AtomicInteger T>
T atomicOr(T* address, std::type_identity_t<T> value) {
  return stx_emulator::read_modify_write(address, [=](T old) { return old | value; });
}
template <stx_emulator::AtomicInteger T>
T atomicXor(T* address, std::type_identity_t<T> value) {
  return stx_emulator::read_modify_write(address, [=](T old) { return old ^ value; });
}
template <stx_emulator::AtomicNumber T>
requires(!std::is_same_v<T, double>) T atomicExch(T* address, std::type_identity_t<T> value) {
  return stx_emulator::read_modify_write(address, [=](T) { return value; });
}
template <stx_emulator::AtomicInteger T>
T atomicCAS(T* address, std::type_identity_t<T> expected, std::type_identity_t<T> value) {
  return stx_emulator::read_modify_write(address, [=](T old) { return old == expected ? value : old; });
}
inline unsigned atomicInc(unsigned* address, unsigned limit) {
  return stx_emulator::read_modify_write(address, [=](unsigned old) { return old >= limit ? 0 : old + 1; });
}
