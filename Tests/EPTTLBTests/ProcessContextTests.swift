import EPTTLB
import Testing

/// INVPCID and WRMSR to an MTRR: rows of TLB rules, section I, each over one entry of every sort.
@Suite struct ProcessContextTests {
  private let address = Census.address

  /// Section I, "INVPCID 0": the address's pages of the PCID that are not global, in every size, and the
  /// paging-structure-cache entries that would be used for it.
  @Test(arguments: [0, 1] as [UInt16], [0, 2] as [UInt16])
  func invpcidOfAnAddress(_ vpid: UInt16, _ pcid: UInt16) throws {
    try Census().expect {
      $0.invpcid(address: address + 0xABC, vpid: vpid, pcid: pcid)
    } drops: { entry in
      entry.kind != .guestPhysical && entry.tag.vpid == vpid && entry.tag.pcid == pcid && entry.covers(address)
        && !entry.isGlobal
    }
  }

  /// Section I, "INVPCID 1": all of the PCID that is not global.
  @Test(arguments: [0, 1] as [UInt16], [0, 2] as [UInt16])
  func invpcidOfAContext(_ vpid: UInt16, _ pcid: UInt16) throws {
    try Census().expect {
      $0.invpcid(pcid: pcid, vpid: vpid)
    } drops: { entry in
      entry.kind != .guestPhysical && entry.tag.vpid == vpid && entry.tag.pcid == pcid && !entry.isGlobal
    }
  }

  /// Section I, "INVPCID 2, 3": all of the VPID, or all but what is global.
  @Test(arguments: [0, 1] as [UInt16], [true, false])
  func invpcidOfAllContexts(_ vpid: UInt16, _ includingGlobal: Bool) throws {
    try Census().expect {
      $0.invpcidAll(vpid: vpid, includingGlobal: includingGlobal)
    } drops: { entry in
      entry.kind != .guestPhysical && entry.tag.vpid == vpid && (includingGlobal || !entry.isGlobal)
    }
  }

  /// Section I, "WRMSR to an MTRR": all of the VPID.
  @Test(arguments: [0, 1] as [UInt16])
  func memoryTypeRanges(_ vpid: UInt16) throws {
    try Census().expect {
      $0.memoryTypeRangesWritten(vpid: vpid)
    } drops: { entry in
      entry.kind != .guestPhysical && entry.tag.vpid == vpid
    }
  }
}
