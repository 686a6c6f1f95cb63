// VMREAD and VMWRITE in a loop.
#include "vmx.h"

void guest_main(void) {
  enter_vmx_operation();
  uint64_t checksum = 0;
  for (uint64_t i = 0; i < 10000000; i++) {
    vmwrite(VMCS_GUEST_RIP, i);
    checksum += vmread(VMCS_GUEST_RIP);
  }
  finish("vmcs", fold(0, checksum));
}
