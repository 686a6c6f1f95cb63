import EPTTLB
import MMU

/// What one processor has executed that invalidates translations, newest last, and when it entered and left its guest.
struct InvalidationLog {
  /// One invalidation.
  struct Entry {
    /// The oracle's count of facts at it: tells what came before what, on all processors.
    let order: UInt64
    /// The processor's clock.
    let cycle: UInt64
    /// Its instruction pointer.
    let rip: UInt64
    /// How many mappings its cache had filed: tells which of them were there.
    let insertions: UInt64
    /// What it was.
    let operation: Invalidation
    /// The tags in force.
    let tag: Tag
    /// Translations that went.
    let removed: Int
  }

  private(set) var entries = Latest<Entry>(limit: 1024)
  /// The last VM entry, exit and marker.
  var lastEntry, lastExit, lastMarker: (order: UInt64, insertions: UInt64)?

  @inline(__always) mutating func append(_ entry: Entry) { entries.append(entry) }

  /// Entries behind a fact.
  func since(_ order: UInt64) -> Slice<Latest<Entry>> {
    entries[(entries.firstIndex { $0.order > order } ?? entries.endIndex)...]
  }
}

extension InvalidationLog.Entry {
  /// Whether the operation, on the processor that executes it, must drop a mapping: the rules of invalidation, written a
  /// second time (SDM Vol. 3, "Operations that Invalidate TLBs and Paging-Structure Caches" and "Operations that
  /// Invalidate Cached Mappings").
  func mustDrop(_ mapping: CachedEntry) -> Bool {
    let isLinear = mapping.kind != .guestPhysical
    func ofVPID(_ vpid: UInt16) -> Bool { isLinear && mapping.tag.vpid == vpid }
    let isOfCurrent = ofVPID(tag.vpid)
    switch operation {
    case .page(let address):
      guard isOfCurrent else { return false }
      if mapping.isStructure { return mapping.tag.pcid == tag.pcid }
      return mapping.covers(address) && (mapping.isGlobal || mapping.tag.pcid == tag.pcid)
    case .root(_, let pcid): return isOfCurrent && mapping.tag.pcid == pcid && !mapping.isGlobal
    case .contexts(.address(let address, let pcid)):
      return isOfCurrent && mapping.tag.pcid == pcid && !mapping.isGlobal && mapping.covers(address)
    case .contexts(.context(let pcid)): return isOfCurrent && mapping.tag.pcid == pcid && !mapping.isGlobal
    case .contexts(.allWithGlobal), .mode, .memoryTypes: return isOfCurrent
    case .contexts(.all): return isOfCurrent && !mapping.isGlobal
    case .smep: return isOfCurrent && (mapping.isGlobal || mapping.tag.pcid == tag.pcid)
    case .vmx(.transition(let isVPIDEnabled)): return !isVPIDEnabled && ofVPID(0)
    case .vmx(.ept(let ep4ta)): return mapping.kind != .linear && mapping.tag.ep4ta == ep4ta
    case .vmx(.everyEPT): return mapping.kind != .linear
    case .vmx(.address(let address, let vpid)): return ofVPID(vpid) && mapping.covers(address)
    case .vmx(.vpid(let vpid)): return ofVPID(vpid)
    case .vmx(.everyVPID): return isLinear && mapping.tag.vpid != 0
    case .vmx(.vpidButGlobal(let vpid)): return ofVPID(vpid) && !mapping.isGlobal
    case .failedINVEPT, .failedINVVPID: return false
    }
  }

  /// Why it left a mapping of its own processor, in words.
  func whyItMissed(_ mapping: CachedEntry) -> String {
    switch operation {
    case .vmx(.ept(let ep4ta)):
      return mapping.kind == .linear
        ? "INVEPT leaves linear mappings"
        : "it names EPTP \(hex(ep4ta)), the mapping is of \(hex(mapping.tag.ep4ta))"
    case .vmx(.address), .vmx(.vpid), .vmx(.everyVPID), .vmx(.vpidButGlobal):
      if mapping.kind == .guestPhysical { return "INVVPID leaves guest-physical mappings" }
      return "it is for another VPID or address than \(mapping.tag.vpid), \(hex(mapping.prefix)), or spares global ones"
    case .page(let address):
      if mapping.kind == .guestPhysical { return "INVLPG leaves guest-physical mappings" }
      return mapping.covers(address)
        ? "it acts on VPID \(tag.vpid) and PCID \(tag.pcid), the mapping is of \(mapping.tag.vpid) and \(mapping.tag.pcid)"
        : "it names the page at \(hex(address)), the mapping's is at \(hex(mapping.prefix))"
    case .failedINVEPT, .failedINVVPID: return "it failed: invalid operand to INVEPT/INVVPID"
    case .vmx(.transition): return "with VPIDs in use, entries and exits leave everything"
    default:
      if mapping.kind == .guestPhysical { return "it leaves guest-physical mappings" }
      return mapping.isGlobal
        ? "it leaves global mappings, or those of VPID \(mapping.tag.vpid)"
        : "it acts on VPID \(tag.vpid), PCID \(tag.pcid); the mapping is of \(mapping.tag.vpid), \(mapping.tag.pcid)"
    }
  }

  /// An instruction that is there for nothing but to invalidate.
  var isMeant: Bool {
    switch operation {
    case .page, .contexts, .vmx(.ept), .vmx(.everyEPT), .vmx(.address), .vmx(.vpid), .vmx(.everyVPID),
      .vmx(.vpidButGlobal), .failedINVEPT, .failedINVVPID:
      true
    case .root, .mode, .smep, .memoryTypes, .vmx(.transition): false
    }
  }

  /// Its name and operands.
  var text: String { operation.text { hex($0) } }
}

/// Hexadecimal as people write it.
func hex(_ value: UInt64) -> String { String(value, radix: 16) + "h" }
