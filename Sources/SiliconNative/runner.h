// What the parent's side and the child's side know of each other.
#ifndef SHOOTDOWN_SILICON_RUNNER_H
#define SHOOTDOWN_SILICON_RUNNER_H

#include "silicon_native.h"

// The child: maps its regions, then takes batch numbers from one pipe and answers 0 on the other, or an errno when the
// regions cannot be mapped. Never returns; ends when the pipe is closed.
_Noreturn void silicon_child(SiliconBatch *_Nonnull batches, uint32_t count, int commands, int answers);

#endif
