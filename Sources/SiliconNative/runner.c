// The parent's side: shared memory, the child's life, handing batches over.
#define _GNU_SOURCE
#include "runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { patienceMilliseconds = 3000, glanceMilliseconds = 50 };

struct SiliconRunner {
  SiliconBatch *batches;
  size_t bytes;
  uint32_t count;
  uint32_t running;     // batch handed over
  pid_t child;          // 0: none
  int commands, answers;
};

SiliconRunner *silicon_open(uint32_t count) {
#if defined(__x86_64__) && defined(__linux__)
  SiliconRunner *runner = calloc(1, sizeof *runner);
  if (!runner) return NULL;
  runner->bytes = count * sizeof(SiliconBatch);
  runner->count = count;
  void *memory = mmap(NULL, runner->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    free(runner);
    return NULL;
  }
  runner->batches = memory;
  return runner;
#else
  (void)count;
  errno = ENOSYS;
  return NULL;
#endif
}

SiliconBatch *silicon_batch(SiliconRunner *runner, uint32_t number) { return &runner->batches[number]; }

static void endChild(SiliconRunner *runner) {
  if (runner->child == 0) return;
  kill(runner->child, SIGKILL);
  while (waitpid(runner->child, NULL, 0) < 0 && errno == EINTR) continue;
  close(runner->commands);
  close(runner->answers);
  runner->child = 0;
}

void silicon_close(SiliconRunner *runner) {
  endChild(runner);
  munmap(runner->batches, runner->bytes);
  free(runner);
}

static int startChild(SiliconRunner *runner) {
  int commands[2], answers[2];
  if (pipe2(commands, O_CLOEXEC) != 0) return -1;
  if (pipe2(answers, O_CLOEXEC) != 0) {
    close(commands[0]);
    close(commands[1]);
    return -1;
  }
  pid_t child = fork();
  if (child == 0) {
    close(commands[1]);
    close(answers[0]);
    silicon_child(runner->batches, runner->count, commands[0], answers[1]);
  }
  close(commands[0]);
  close(answers[1]);
  if (child < 0) {
    close(commands[1]);
    close(answers[0]);
    return -1;
  }
  runner->child = child;
  runner->commands = commands[1];
  runner->answers = answers[0];
  return 0;
}

// The write to a child that is gone must not end the parent.
static int sendCommand(SiliconRunner *runner, uint8_t number) {
  struct sigaction ignore = {.sa_handler = SIG_IGN}, saved;
  sigaction(SIGPIPE, &ignore, &saved);
  ssize_t written = write(runner->commands, &number, 1);
  sigaction(SIGPIPE, &saved, NULL);
  return written == 1 ? 0 : -1;
}

static int handOver(SiliconRunner *runner) {
  for (int attempt = 0; attempt < 3; attempt++) {
    if (runner->child == 0 && startChild(runner) != 0) return -1;
    if (sendCommand(runner, (uint8_t)runner->running) == 0) return 0;
    endChild(runner);
  }
  return -1;
}

int silicon_start(SiliconRunner *runner, uint32_t number) {
  SiliconBatch *batch = silicon_batch(runner, number);
  batch->current = batch->first;
  batch->usedLines = 0;
  for (uint32_t index = batch->first; index < batch->count; index++) batch->results[index].status = SiliconNotRun;
  runner->running = number;
  return handOver(runner);
}

// Waits for the answer: 1 it came, 0 the child died or hangs, -1 it could not even set itself up.
static int answer(SiliconRunner *runner, SiliconBatch *batch) {
  uint32_t seen = batch->current;
  int idle = 0;
  while (1) {
    struct pollfd look = {.fd = runner->answers, .events = POLLIN};
    int ready = poll(&look, 1, glanceMilliseconds);
    if (ready < 0 && errno != EINTR) return 0;
    if (ready > 0) {
      uint8_t byte = 0;
      if (read(runner->answers, &byte, 1) != 1) return 0;
      if (byte == 0) return 1;
      errno = byte;
      return -1;
    }
    if (waitpid(runner->child, NULL, WNOHANG) == runner->child) {
      close(runner->commands);
      close(runner->answers);
      runner->child = 0;
      return 0;
    }
    if (batch->current != seen) {
      seen = batch->current;
      idle = 0;
    } else if ((idle += glanceMilliseconds) > patienceMilliseconds) {
      return 0;
    }
  }
}

int silicon_wait(SiliconRunner *runner) {
  SiliconBatch *batch = silicon_batch(runner, runner->running);
  uint32_t first = batch->first;
  int outcome = 1;
  while ((outcome = answer(runner, batch)) == 0) {
    endChild(runner);
    uint32_t failed = batch->current;
    if (failed >= batch->count) {
      outcome = 1;
      break;
    }
    batch->results[failed].status = SiliconDied;
    batch->results[failed].lineCount = 0;
    batch->first = failed + 1;
    batch->current = failed + 1;
    if (batch->first >= batch->count) {
      outcome = 1;
      break;
    }
    if (handOver(runner) != 0) {
      outcome = -1;
      break;
    }
  }
  batch->first = first;
  if (outcome == 1) return 0;
  int problem = errno;
  endChild(runner);
  errno = problem;
  return -1;
}

void silicon_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *registers) {
  memset(registers, 0, 4 * sizeof *registers);
#if defined(__x86_64__)
  uint32_t a = leaf & 0x80000000, b, c = 0, d;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  if (leaf > a) return;
  __asm__ volatile("cpuid" : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]), "=d"(registers[3])
                   : "a"(leaf), "c"(subleaf));
#endif
}
