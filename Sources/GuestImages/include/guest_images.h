// The guests' bytes, in the order of the catalog in Sources/Guests; assembled into this target.
#ifndef SHOOTDOWN_GUEST_IMAGES_H
#define SHOOTDOWN_GUEST_IMAGES_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  const char *_Nonnull name;
  const uint8_t *_Nonnull start;
  const uint8_t *_Nonnull end;
} GuestImage;

// How many there are.
extern const size_t guestImageCount;

// The image at an index below guestImageCount.
const GuestImage *_Nonnull guestImage(size_t index);

// A disk that firmware boots.
const GuestImage *_Nonnull guestDisk(void);

#endif
