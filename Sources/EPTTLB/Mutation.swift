/// A rule that is broken on purpose, so that a test shows that the breach would be seen (`Tests/Mutations`).
///
/// Only a build with `MUTATIONS` can break one; in every other `isBroken` is false when it is compiled, and nothing is
/// left of it.
@frozen public enum Mutation: Hashable, Sendable {
  /// C1: a walk that ends at an entry that is not present leaves a paging-structure-cache entry of it.
  case c1NotPresent
  /// C1: the same of an entry that sets reserved bits.
  case c1Reserved
  /// C1: the same of an EPT entry that is misconfigured.
  case c1Misconfigured

  /// C2: a walk does not set accessed flags.
  case c2Accessed
  /// C2: a walk that faults caches entries whose accessed flags it has not set.
  case c2AccessedByFault
  /// C2: what a read caches permits writes without a further walk.
  case c2Dirty
  /// C2: a write uses a translation whose dirty flag was 0.
  case c2CleanWrite
  /// C2: a walk does not set accessed flags of EPT entries.
  case c2EPTAccessed
  /// C2: a walk of EPT that ends in a violation caches entries whose accessed flags it has not set.
  case c2EPTAccessedByViolation
  /// C2: what a read caches of EPT permits writes without a further walk.
  case c2EPTDirty
  /// C2: a write uses a guest-physical translation whose dirty flag was 0.
  case c2EPTCleanWrite
  /// C2: with accessed and dirty flags for EPT, an access to a guest paging-structure entry is no write.
  case c2StructureAccess
  /// C2: with them, a load of PDPTEs is one.
  case c2PointerLoad

  /// C3: a paging-structure-cache entry has the rights of the last entry only.
  case c3Rights
  /// C3: a paging-structure-cache entry heeds G.
  case c3Global
  /// C3: one of EPT has the rights of the last entry only.
  case c3EPTRights

  /// C4: speculation caches a translation and sets no accessed flag.
  case c4Speculation
  /// C4: `retain` drops what nothing makes it drop.
  case c4Retention

  /// C5: a combined translation is for the guest's page, though EPT's is smaller.
  case c5Size
  /// C5: an invalidation drops the piece that the address lies in only.
  case c5Pieces
  /// C5 (ours): of two translations the younger is used.
  case c5Age

  /// C6: a translation has the rights of its leaf only.
  case c6Rights
  /// C6: a guest-physical translation has the rights of its leaf only.
  case c6EPTRights
  /// C6: a translation's memory type does not follow from PAT and MTRRs.
  case c6Type
  /// C6: a combined translation's memory type heeds the PAT though the EPT leaf says ignore.
  case c6IgnorePAT

  /// C7: a walk of PAE paging reads the PDPTE from memory.
  case c7Pointers

  /// U1: linear mappings of any VPID are used.
  case u1VPID
  /// U1: linear mappings of any PCID are used.
  case u1PCID
  /// U1: a global linear translation is used under its own PCID only.
  case u1Global
  /// U1: combined mappings are used though EPT is not in use.
  case u1Kind
  /// U2: combined mappings of any VPID are used.
  case u2VPID
  /// U2: combined mappings of any PCID are used.
  case u2PCID
  /// U2: combined mappings of any EP4TA are used.
  case u2EP4TA
  /// U2: a global combined translation is used under its own PCID only.
  case u2Global
  /// U2: guest-physical mappings of any EP4TA are used.
  case u2GuestPhysical
  /// U2: linear mappings are used though EPT is in use.
  case u2Kind
  /// U3: a mapping is not used once memory has changed.
  case u3

  /// Section I: an invalidation acts on every processor.
  case iEverywhere
  /// Section I: MOV to CR3 invalidates though bit 63 of the source is 1.
  case iPreservingRoot
  /// Section I: a VM entry or exit with VPIDs invalidates.
  case iTransitionWithVPID
  /// Section I: WRMSR to EFER, which may change what is in force, invalidates.
  case iExecuteDisable
  /// Section I: a change of EPTP invalidates.
  case iEPTP
  /// Section I: an EPT misconfiguration invalidates.
  case iMisconfiguration
  /// Section I: an EPT violation invalidates combined mappings though bit 8 of its qualification is 0.
  case iViolationWithoutTranslation
  /// Section I: a row of its table does less than it must, or more than it needs to.
  case row(InvalidationRow, Way)

  /// How a row is broken.
  @frozen public enum Way: Hashable, Sendable {
    /// It does nothing.
    case nothing
    /// It does nothing to a kind of mapping.
    case spares(MappingKind)
    /// It does nothing to global translations.
    case sparesGlobal
    /// It does nothing to paging-structure-cache entries.
    case sparesStructures
    /// It acts on PCID 000H only.
    case sparesOtherPCIDs
    /// It acts on a kind of mapping too, whatever its tag.
    case drops(MappingKind)
    /// It acts on global translations too, whatever their tag.
    case dropsGlobal
    /// It acts on mappings of other VPIDs too.
    case dropsEveryVPID
  }
}

/// A row of the table of section I that has a function of its own.
@frozen public enum InvalidationRow: String, Hashable, Sendable, CaseIterable {
  case invlpg = "INVLPG"
  case invpcidAddress = "INVPCID 0"
  case invpcidContext = "INVPCID 1"
  case invpcidAllWithGlobal = "INVPCID 2"
  case invpcidAll = "INVPCID 3"
  case movToCR3 = "MOV to CR3"
  case pagingMode = "MOV to CR0 or CR4 changing the paging mode"
  case smep = "MOV to CR4 changing SMEP 0->1"
  case memoryTypeRanges = "WRMSR to an MTRR"
  case pageFault = "#PF"
  case eptViolation = "EPT violation"
  case vmTransition = "VM entry or exit, VPID off"
  case invvpidAddress = "INVVPID 0"
  case invvpidContext = "INVVPID 1"
  case invvpidAll = "INVVPID 2"
  case invvpidRetainingGlobals = "INVVPID 3"
  case inveptContext = "INVEPT 1"
  case inveptAll = "INVEPT 2"
  case taskSwitch = "task switch that changes CR3"
  case reset = "RSM, INIT, RESET"
}

#if MUTATIONS
  extension Mutation: CustomStringConvertible {
    /// The one that is in force. Whoever sets it runs alone.
    public nonisolated(unsafe) static var inForce: Mutation?

    /// Every one.
    public static let all: [Mutation] = byRule + rows

    private static let byRule: [Mutation] = names.map(\.mutation)

    private static let names: [(mutation: Mutation, name: String)] = [
      (.c1NotPresent, "c1NotPresent"), (.c1Reserved, "c1Reserved"), (.c1Misconfigured, "c1Misconfigured"),
      (.c2Accessed, "c2Accessed"), (.c2AccessedByFault, "c2AccessedByFault"), (.c2Dirty, "c2Dirty"),
      (.c2CleanWrite, "c2CleanWrite"), (.c2EPTAccessed, "c2EPTAccessed"),
      (.c2EPTAccessedByViolation, "c2EPTAccessedByViolation"), (.c2EPTDirty, "c2EPTDirty"),
      (.c2EPTCleanWrite, "c2EPTCleanWrite"), (.c2StructureAccess, "c2StructureAccess"),
      (.c2PointerLoad, "c2PointerLoad"), (.c3Rights, "c3Rights"), (.c3Global, "c3Global"),
      (.c3EPTRights, "c3EPTRights"), (.c4Speculation, "c4Speculation"), (.c4Retention, "c4Retention"),
      (.c5Size, "c5Size"), (.c5Pieces, "c5Pieces"), (.c5Age, "c5Age"), (.c6Rights, "c6Rights"),
      (.c6EPTRights, "c6EPTRights"), (.c6Type, "c6Type"), (.c6IgnorePAT, "c6IgnorePAT"), (.c7Pointers, "c7Pointers"),
      (.u1VPID, "u1VPID"), (.u1PCID, "u1PCID"), (.u1Global, "u1Global"), (.u1Kind, "u1Kind"), (.u2VPID, "u2VPID"),
      (.u2PCID, "u2PCID"), (.u2EP4TA, "u2EP4TA"), (.u2Global, "u2Global"), (.u2GuestPhysical, "u2GuestPhysical"),
      (.u2Kind, "u2Kind"), (.u3, "u3"), (.iEverywhere, "iEverywhere"), (.iPreservingRoot, "iPreservingRoot"),
      (.iTransitionWithVPID, "iTransitionWithVPID"), (.iExecuteDisable, "iExecuteDisable"), (.iEPTP, "iEPTP"),
      (.iMisconfiguration, "iMisconfiguration"), (.iViolationWithoutTranslation, "iViolationWithoutTranslation"),
    ]

    private var name: String { Mutation.names.first { $0.mutation == self }?.name ?? "" }

    /// What each row may do wrong: less than it must, and more than the columns say that it does.
    private static let rows: [Mutation] = InvalidationRow.allCases.flatMap { row in
      ways(of: row).map { .row(row, $0) }
    }

    /// Its name; of a row its own, and what it does wrong.
    public var description: String {
      guard case .row(let row, let way) = self else { return name }
      return switch way {
      case .nothing: "\(row.rawValue) does nothing"
      case .spares(let kind): "\(row.rawValue) spares \(kind) mappings"
      case .sparesGlobal: "\(row.rawValue) spares global translations"
      case .sparesStructures: "\(row.rawValue) spares paging-structure-cache entries"
      case .sparesOtherPCIDs: "\(row.rawValue) spares PCIDs but 000H"
      case .drops(let kind): "\(row.rawValue) drops every \(kind) mapping"
      case .dropsGlobal: "\(row.rawValue) drops global translations"
      case .dropsEveryVPID: "\(row.rawValue) drops mappings of every VPID"
      }
    }

    /// The rule that it breaks: a name of sections C and U, or a row of section I.
    public var rule: String {
      switch self {
      case .row(let row, _): row.rawValue
      case .iEverywhere: "only on the processor that executes it"
      case .iPreservingRoot: InvalidationRow.movToCR3.rawValue
      case .iTransitionWithVPID: "VM entry or exit, VPID on"
      case .iExecuteDisable: "WRMSR to EFER, PAT, PKRS; WRPKRU"
      case .iEPTP: "change of EPTP, VMFUNC 0"
      case .iMisconfiguration: "EPT misconfiguration"
      case .iViolationWithoutTranslation: InvalidationRow.eptViolation.rawValue
      default: name.prefix(2).uppercased()
      }
    }

    private static func ways(of row: InvalidationRow) -> [Way] {
      let ofLinear: [Way] = [.nothing, .spares(.linear), .spares(.combined), .sparesStructures, .drops(.guestPhysical)]
      let ofOneVPID: [Way] = ofLinear + [.dropsEveryVPID]
      let ofEPT: [Way] = [
        .nothing, .spares(.combined), .spares(.guestPhysical), .sparesGlobal, .sparesStructures, .sparesOtherPCIDs,
        .drops(.linear),
      ]
      switch row {
      case .invlpg, .pagingMode, .smep, .memoryTypeRanges, .pageFault, .invpcidAllWithGlobal:
        return ofOneVPID + [.sparesGlobal]
      case .invpcidAddress, .invpcidContext, .invpcidAll, .movToCR3, .taskSwitch:
        return ofOneVPID + [.dropsGlobal]
      case .vmTransition, .invvpidAddress, .invvpidContext: return ofOneVPID + [.sparesGlobal, .sparesOtherPCIDs]
      case .invvpidAll: return ofLinear + [.sparesGlobal, .sparesOtherPCIDs]
      case .invvpidRetainingGlobals: return ofOneVPID + [.dropsGlobal, .sparesOtherPCIDs]
      case .eptViolation:
        return [
          .nothing, .spares(.combined), .spares(.guestPhysical), .sparesGlobal, .drops(.linear), .drops(.combined),
          .drops(.guestPhysical),
        ]
      case .inveptContext: return ofEPT + [.drops(.combined), .drops(.guestPhysical)]
      case .inveptAll: return ofEPT
      case .reset:
        return [
          .nothing, .spares(.linear), .spares(.combined), .spares(.guestPhysical), .sparesGlobal, .sparesStructures,
        ]
      }
    }
  }
#endif

/// Whether a rule is broken; never, without `MUTATIONS`.
@inlinable @inline(__always) public func isBroken(_ mutation: @autoclosure () -> Mutation) -> Bool {
  #if MUTATIONS
    Mutation.inForce == mutation()
  #else
    false
  #endif
}

/// What decides whether a broken row picks a mapping.
protocol Invalidated {
  var kind: MappingKind { get }
  var tag: Tag { get }
  var isOfGlobal: Bool { get }
  var isOfStructure: Bool { get }
}

extension CachedEntry: Invalidated {
  var isOfGlobal: Bool { isGlobal }
  var isOfStructure: Bool { isStructure }
}

extension TranslationCache.ListKey: Invalidated {
  var isOfGlobal: Bool { type == .global }
  var isOfStructure: Bool { type == .structure }
}

extension InvalidationRow {
  /// Whether the row, broken, leaves what it must drop.
  @inline(__always) func spares(_ mapping: some Invalidated) -> Bool {
    #if MUTATIONS
      guard case .row(self, let way) = Mutation.inForce else { return false }
      switch way {
      case .nothing: return true
      case .spares(let kind): return mapping.kind == kind
      case .sparesGlobal: return mapping.isOfGlobal
      case .sparesStructures: return mapping.isOfStructure
      case .sparesOtherPCIDs: return mapping.kind != .guestPhysical && mapping.tag.pcid != 0 && !mapping.isOfGlobal
      case .drops, .dropsGlobal, .dropsEveryVPID: return false
      }
    #else
      return false
    #endif
  }

  /// Whether the row, broken, drops what it need not.
  @inline(__always) func exceeds(_ mapping: some Invalidated) -> Bool {
    #if MUTATIONS
      guard case .row(self, let way) = Mutation.inForce else { return false }
      switch way {
      case .drops(let kind): return mapping.kind == kind
      case .dropsGlobal: return mapping.isOfGlobal
      case .dropsEveryVPID: return mapping.kind != .guestPhysical
      default: return false
      }
    #else
      return false
    #endif
  }
}
