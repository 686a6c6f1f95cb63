// The commit that the program was built from, as the manifest found it; "unknown" outside a repository.
#ifndef SHOOTDOWN_BUILD_COMMIT_H
#define SHOOTDOWN_BUILD_COMMIT_H

const char *_Nonnull buildCommit(void);

#endif
