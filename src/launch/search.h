/*
 * launch/search.h - which file a program's name means
 */
#ifndef CALLGATE_LAUNCH_SEARCH_H
#define CALLGATE_LAUNCH_SEARCH_H

#include <callgate/error.h>

/*
 * The path of the program: name itself when it holds a slash, else the first executable file of that name in the
 * folders of PATH as envp has it. Relative paths start at folder_fd (AT_FDCWD: at our own). The caller frees
 * *ret_path. Fails with E_NOT_FOUND, E_NOT_EXECUTABLE, E_NOMEM.
 */
int search_program(const char *name, const char *const *envp, int folder_fd, char **ret_path,
		   struct callgate_error *err);

#endif
