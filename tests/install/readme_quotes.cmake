# cmake -D README=<file> -D PROGRAM=<file> -P readme_quotes.cmake: README must contain PROGRAM, letter by letter.
file(READ ${README} readme)
file(READ ${PROGRAM} program)
string(FIND "${readme}" "```cpp\n${program}```" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${README} does not quote ${PROGRAM} as it is")
endif()
