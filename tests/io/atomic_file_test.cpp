#include "stx/io/atomic_file.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include "io/golden.hpp"

TEST_CASE("a file appears at commit, with the permissions of an ordinary file") {
  const golden::Folder folder;
  const std::string path = folder / "out.txt";
  {
    stx::AtomicFile file(path);
    file.write("one ");
    CHECK_FALSE(std::filesystem::exists(path));
    file.write("two");
    file.commit();
  }
  CHECK(golden::slurp(path) == "one two");
  CHECK(folder.n_files() == 1);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  struct stat info {};
  ::stat(path.c_str(), &info);
  CHECK((info.st_mode & 0777) == (0666 & ~mask));
}

TEST_CASE("without commit nothing is left, and an old file stays") {
  const golden::Folder folder;
  {
    stx::AtomicFile file(folder / "new.txt");
    file.write("partial");
  }
  CHECK(folder.n_files() == 0);
  golden::spit(folder / "old.txt", "old");
  {
    stx::AtomicFile file(folder / "old.txt", true);
    file.write("partial");
  }
  CHECK(golden::slurp(folder / "old.txt") == "old");
  CHECK(folder.n_files() == 1);
}

TEST_CASE("a file that appears meanwhile is not overwritten") {
  const golden::Folder folder;
  stx::AtomicFile file(folder / "x");
  file.write("mine");
  golden::spit(folder / "x", "theirs");
  CHECK_THROWS_WITH_AS(file.commit(),
                       ("[" + (folder / "x") +
                        "] exists already and is not overwritten; choose another output path, or "
                        "remove it")
                           .c_str(),
                       stx::DataError);
  CHECK(golden::slurp(folder / "x") == "theirs");
}

TEST_CASE("two writers of one path do not share a temporary file") {
  const golden::Folder folder;
  stx::AtomicFile first(folder / "x", true), second(folder / "x", true);
  first.write("first");
  second.write("second");
  first.commit();
  CHECK(golden::slurp(folder / "x") == "first");
  second.commit();
  CHECK(golden::slurp(folder / "x") == "second");
  CHECK(folder.n_files() == 1);
}

TEST_CASE("what a killed writer left goes with the next file of that path, and nothing else does") {
  const golden::Folder folder;
  golden::spit(folder / ".x.99999.0.tmp", "left");
  golden::spit(folder / ".x.1.12.tmp", "left");
  for (const char* other : {".y.1.0.tmp", ".x.1.tmp", ".x.a.0.tmp", ".x.1.0.tmp.old", ".x..tmp", "x.1.0.tmp", ".x.tmp"})
    golden::spit(folder / other, "kept");
  stx::AtomicFile live(folder / "x", true);
  live.write("live");
  CHECK_FALSE(std::filesystem::exists(folder / ".x.99999.0.tmp"));
  CHECK_FALSE(std::filesystem::exists(folder / ".x.1.12.tmp"));
  CHECK(folder.n_files() == 8);
  stx::write_text_atomically(folder / "x", "other", true);  // while the first is being written
  CHECK(folder.n_files() == 9);
  live.commit();
  CHECK(golden::slurp(folder / "x") == "live");
  CHECK(folder.n_files() == 8);
}

TEST_CASE("a device is not an output file") {
  CHECK_THROWS_WITH_AS(stx::write_text_atomically("/dev/full", "text", true),
                       "[/dev/full] exists and is not a regular file; choose another output path", stx::DataError);
}

TEST_CASE("a path without folder is written to the current one") {
  const golden::Folder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  stx::write_text_atomically("plain.txt", "text");
  std::filesystem::current_path(before);
  CHECK(golden::slurp(folder / "plain.txt") == "text");
}
