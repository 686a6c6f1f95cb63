import MMU
import VMX

/// What a case with VMX needs in memory beside `FuzzTables`, above 1 MiB.
enum VMXFuzzTables {
  static let base: UInt64 = 0x10_0000
  /// VMXON regions and VMCS regions, one of each for each processor; then two that a VMCS may link to.
  static let vmxonRegions = base
  static let regions = base + 0x2000
  static let linked = base + 0x4000
  static let shadow = base + 0x5000
  /// Bitmaps, the page-modification log, areas, lists: pages of random bytes.
  static let ioBitmaps = base + 0x6000
  static let msrBitmaps = base + 0x8000
  static let apicAccess = base + 0x9000
  static let virtualAPIC = base + 0xA000
  static let ept = base + 0xC000
  static let eptpList = base + 0x1_0000
  static let log = base + 0x1_1000
  static let vmreadBitmap = base + 0x1_2000
  static let vmwriteBitmap = base + 0x1_3000
  static let virtualization = base + 0x1_4000
  static let msrAreas = base + 0x1_5000
  static let postedInterrupts = base + 0x1_6000
  /// What runs in root operation, and the pointers that it needs, 16 bytes a processor.
  static let program = base + 0x1_8000
  static let exitHandler = program + 0x40
  static let pointers = base + 0x1_9000

  /// EPTP of four levels that map memory to itself, write-back.
  static let eptp = ept | 0x1E

  /// Fills a machine's memory.
  static func write(to memory: PhysicalMemory) {
    func put(_ value: UInt64, _ address: UInt64) { memory.write(PhysicalAddress(address), value) }
    for page in [ept, ept + 0x1000, ept + 0x2000, ept + 0x3000, eptpList] {
      for offset in stride(from: UInt64(0), to: 0x1000, by: 8) { put(0, page + offset) }
    }
    put(ept + 0x1000 | 7, ept)
    put(ept + 0x2000 | 7, ept + 0x1000)
    put(ept + 0x3000 | 7, ept + 0x2000)
    put(2 << 20 | 0xB7, ept + 0x2008)
    for page in 0..<UInt64(512) { put(page << 12 | 0x37, ept + 0x3000 + page * 8) }
    for index in 0..<UInt64(8) { put(index & 1 == 0 ? eptp : eptp | 0x40, eptpList + index * 8) }
    // Registers that may be loaded, and some that may not.
    for (index, register) in [0x174, 0x175, 0x277, 0xC000_0081, 0xC000_0102, 0x10, 0x3B, 0xC000_0100].enumerated() {
      put(UInt64(register), msrAreas + UInt64(index) * 16)
      put(index == 2 ? 0x0007_0406_0007_0406 : 0x1000, msrAreas + UInt64(index) * 16 + 8)
    }
    for region in [regions, regions + 0x1000, vmxonRegions, vmxonRegions + 0x1000, linked] {
      memory.write(PhysicalAddress(region), UInt64(VMCSRegion.revisionIdentifier))
    }
    memory.write(PhysicalAddress(shadow), UInt64(VMCSRegion.revisionIdentifier) | 1 << 31)
    for processor in 0..<UInt64(2) {
      put(vmxonRegions + processor << 12, pointers + processor * 16)
      put(regions + processor << 12, pointers + processor * 16 + 8)
    }
    memory.write(program, program: enter)
    memory.write(exitHandler, program: goOn)
  }

  /// Enters a guest; what follows VMPTRLD is at the address in RBX.
  private static let enter: [UInt8] = [
    0xF3, 0x0F, 0xC7, 0x37,  // vmxon [rdi]
    0x66, 0x0F, 0xC7, 0x36,  // vmclear [rsi]
    0x0F, 0xC7, 0x36,  // vmptrld [rsi]
    0xFF, 0xE3,  // jmp rbx
    0x0F, 0x01, 0xC2,  // vmlaunch
    0xF4,  // hlt
  ]
  /// Where `enter` launches.
  static let launch = program + 13

  /// Takes every exit: skips the instruction, withdraws injection and inactivity, and resumes.
  private static let goOn: [UInt8] = [
    0xB9, 0x0C, 0x44, 0x00, 0x00, 0x0F, 0x78, 0xCA,  // mov ecx, 440Ch; vmread rdx, rcx
    0xB9, 0x1E, 0x68, 0x00, 0x00, 0x0F, 0x78, 0xC8,  // mov ecx, 681Eh; vmread rax, rcx
    0x48, 0x01, 0xD0, 0x0F, 0x79, 0xC8,  // add rax, rdx; vmwrite rcx, rax
    0x31, 0xC0,  // xor eax, eax
    0xB9, 0x16, 0x40, 0x00, 0x00, 0x0F, 0x79, 0xC8,  // mov ecx, 4016h; vmwrite rcx, rax
    0xB9, 0x26, 0x48, 0x00, 0x00, 0x0F, 0x79, 0xC8,  // mov ecx, 4826h; vmwrite rcx, rax
    0x0F, 0x01, 0xC3,  // vmresume
    0xF4,  // hlt
  ]
}

extension PhysicalMemory {
  fileprivate func write(_ address: UInt64, program: [UInt8]) {
    program.withUnsafeBytes { write(PhysicalAddress(address), $0) }
  }
}
