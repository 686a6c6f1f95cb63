// Linux calls that the C library declares under _GNU_SOURCE only, which Swift's module of it is built without.
#ifndef SHOOTDOWN_LINUX_CALLS_H
#define SHOOTDOWN_LINUX_CALLS_H

// memfd_create(2); 1 is MFD_CLOEXEC.
int memfd_create(const char *_Nonnull name, unsigned flags);
// fallocate(2); 3 is FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE.
int fallocate(int file, int mode, long offset, long length);

enum { CloseOnExec = 1, PunchHole = 3 };

#endif
