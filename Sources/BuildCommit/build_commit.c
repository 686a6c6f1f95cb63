#include "build_commit.h"

const char *buildCommit(void) { return SHOOTDOWN_COMMIT; }
