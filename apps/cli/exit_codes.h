// SPDX-License-Identifier: MIT
/* What the program's exit status means. One row each: the enum, and the table that every --help ends with. */
#ifndef FOVEA_CLI_EXIT_CODES_H
#define FOVEA_CLI_EXIT_CODES_H

/*       name             code  meaning */
#define CLI_EXIT_CODES(X)                                                                                                          \
    X(CLI_OK, 0, "everything was done")                                                                                            \
    X(CLI_SOME_FAILED, 1, "some inputs failed; the others were done")                                                              \
    X(CLI_USAGE, 2, "the command line cannot be understood")                                                                       \
    X(CLI_MODEL, 3, "the model could not be loaded or its engine not be built")                                                    \
    X(CLI_OUTPUT, 4, "output could not be written")                                                                                \
    X(CLI_INTERNAL, 5, "out of memory, or a bug")                                                                                  \
    X(CLI_DIFFERS, 6, "verify: the engine computes something else here than where it was built")                                   \
    X(CLI_SIGNAL, 128, "plus a signal's number: stopped by that signal, what was printed is complete")

#define CLI_EXIT_ENUM(name, code, meaning) name = code,
typedef enum cli_exit { CLI_EXIT_CODES(CLI_EXIT_ENUM) } cli_exit;
#undef CLI_EXIT_ENUM

#endif
