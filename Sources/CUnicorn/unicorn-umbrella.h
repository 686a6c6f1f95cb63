// Unicorn's interface, and what of it Swift cannot call: functions of a variable number of arguments, and hooks.
#ifndef SHOOTDOWN_CUNICORN_H
#define SHOOTDOWN_CUNICORN_H

#include <unicorn/unicorn.h>

// What the hooks of a run need and find out.
typedef struct {
  uint64_t first, end;   // linear addresses: the run stops at an instruction outside of first..<end
  uint64_t steps;        // instructions, and iterations of repeated ones, until the run is given up
  int32_t vector;        // of the exception or interrupt that came, or -1
} UnicornWatch;

static inline void unicorn_code(uc_engine *uc, uint64_t address, uint32_t size, void *data) {
  UnicornWatch *watch = (UnicornWatch *)data;
  (void)size;
  if (address < watch->first || address >= watch->end || watch->steps == 0) uc_emu_stop(uc);
  else watch->steps--;
}

static inline void unicorn_interrupt(uc_engine *uc, uint32_t number, void *data) {
  UnicornWatch *watch = (UnicornWatch *)data;
  if (watch->vector < 0) watch->vector = (int32_t)number;
  uc_emu_stop(uc);
}

static inline uc_err unicorn_watch(uc_engine *_Nonnull uc, UnicornWatch *_Nonnull watch) {
  uc_hook hook;
  uc_err error = uc_hook_add(uc, &hook, UC_HOOK_CODE, (void *)unicorn_code, watch, (uint64_t)1, (uint64_t)0);
  if (error != UC_ERR_OK) return error;
  return uc_hook_add(uc, &hook, UC_HOOK_INTR, (void *)unicorn_interrupt, watch, (uint64_t)1, (uint64_t)0);
}

// Drops what was translated from a range of addresses.
static inline uc_err unicorn_forget(uc_engine *_Nonnull uc, uint64_t first, uint64_t end) {
  return uc_ctl(uc, UC_CTL_WRITE(UC_CTL_TB_REMOVE_CACHE, 2), first, end);
}

#endif
