// Exceptions of stx. The library reports every failure by throwing; it never prints or exits.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace stx {

/// Base of all stx exceptions. The message reads `[where] what was expected, what came, what to do`.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A wrong call: shapes, ranges, options (the caller's program or command line is at fault).
class ArgumentError : public Error {
 public:
  using Error::Error;
};

/// Data that cannot be used: malformed files, genes that do not match, negative counts.
class DataError : public Error {
 public:
  using Error::Error;
};

/// Training or arithmetic that left the finite numbers.
class NumericError : public Error {
 public:
  using Error::Error;
};

/// A failure of the device or of its runtime.
class DeviceError : public Error {
 public:
  using Error::Error;
};

namespace detail {

/// Joins any printable values into one string.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace detail

/// Throws `E` with the message `[where] parts...`.
template <class E = ArgumentError, class... Parts>
[[noreturn]] void fail(std::string_view where, const Parts&... parts) {
  throw E(detail::concat("[", where, "] ", parts...));
}

/// Throws `E` with the message `[where] parts...` unless `ok`.
template <class E = ArgumentError, class... Parts>
void require(bool ok, std::string_view where, const Parts&... parts) {
  if (!ok) fail<E>(where, parts...);
}

}  // namespace stx
