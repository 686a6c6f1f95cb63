#include "guest_images.h"

#define GUESTS(X) X(hello) X(stale) X(faults) X(selfmodify) X(crossing) X(halt) X(triplefault) X(processors) \
  X(quiesce) X(nested) X(remap) X(litmus)

#define DECLARE(name) extern const uint8_t guest_##name##_start[], guest_##name##_end[];
GUESTS(DECLARE)

#define ROW(name) {#name, guest_##name##_start, guest_##name##_end},
static const GuestImage images[] = {GUESTS(ROW)};

DECLARE(disk)

static const GuestImage disk = {"disk", guest_disk_start, guest_disk_end};

const GuestImage *guestDisk(void) { return &disk; }

const size_t guestImageCount = sizeof images / sizeof images[0];

const GuestImage *guestImage(size_t index) { return &images[index]; }
