/// The opcode map as text, one row an encoding, in the notation of the SDM's appendix "Opcode Map".
///
/// - `opcode`: bytes in hexadecimal; `/n` a ModRM.reg digit; `+r` a register in the low three bits; `+c` a condition in
///   the low four; a mandatory prefix stands first (`F3 0F B8`); `NP`, no such prefix. `/n!m`, reg n and rm m with
///   mod = 3, as VMCALL has it; `REX.W` asks for that bit; `VEX.LZ.F2.0F38` stands for a VEX prefix with L = 0, its
///   mandatory prefix (`NP`, `66`, `F3`, `F2`) and its map, W choosing the operand size.
/// - `operands`: E, G, M, R, Z (register in the opcode), B (register in VEX.vvvv), I, J, O, AL, rAX, DX, CL, 1; sizes b,
///   w, d, q, v, z, y; R with a size needs mod = 3; `Ibs` is a sign-extended byte.
///   Of `VectorOpcodeTable`: V, W, U are XMM registers in reg, in rm or memory, in rm only; P, Q, N are MMX registers in
///   the same places; ST, an x87 register; `(rDI)`, memory at rDI. Their widths are those of the memory operand or of the
///   general register. `NP!`: not even 66h may stand before it.
/// - `shape`: which execute function runs it (Shape); `refused`, it is decoded and refused by name; `absent`, it is
///   decoded and raises #UD, because what switches it on is not there to be switched on.
/// - `widths`: operand sizes it is built for.
/// - `modes`: `all`, `64` (64-bit mode only) or `legacy` (not in 64-bit mode).
/// - `attributes`: `lock` (LOCK allowed), `ends` (ends its block), `d64` (64-bit operands by default in 64-bit mode),
///   `f64` (64-bit operands always in 64-bit mode), `mode` (its handler differs by mode: `ModeForm`), `reads` (a memory
///   operand that comes first is only read), `noB` (not with REX.B: another instruction), `onlyM` (a
///   register in place of the memory operand is #UD), `no66` (66h before it is #UD), `as=NAME` (the handler's name where
///   it is not the mnemonic's).
/// - `timing`: the class of the timing tables.
/// - `section`: the manual's title.
enum OpcodeTable {
  static let text: StaticString = """
    opcode       mnemonic   operands    shape        widths    modes   attributes             timing   section

    # Integer arithmetic and logic
    00           ADD        Eb,Gb       binary       8         all     lock                   simple   ADD—Add
    01           ADD        Ev,Gv       binary       16,32,64  all     lock                   simple   ADD—Add
    02           ADD        Gb,Eb       binary       8         all     -                      simple   ADD—Add
    03           ADD        Gv,Ev       binary       16,32,64  all     -                      simple   ADD—Add
    04           ADD        AL,Ib       binary       8         all     -                      simple   ADD—Add
    05           ADD        rAX,Iz      binary       16,32,64  all     -                      simple   ADD—Add
    08           OR         Eb,Gb       binary       8         all     lock                   simple   OR—Logical Inclusive OR
    09           OR         Ev,Gv       binary       16,32,64  all     lock                   simple   OR—Logical Inclusive OR
    0A           OR         Gb,Eb       binary       8         all     -                      simple   OR—Logical Inclusive OR
    0B           OR         Gv,Ev       binary       16,32,64  all     -                      simple   OR—Logical Inclusive OR
    0C           OR         AL,Ib       binary       8         all     -                      simple   OR—Logical Inclusive OR
    0D           OR         rAX,Iz      binary       16,32,64  all     -                      simple   OR—Logical Inclusive OR
    10           ADC        Eb,Gb       binary       8         all     lock                   simple   ADC—Add With Carry
    11           ADC        Ev,Gv       binary       16,32,64  all     lock                   simple   ADC—Add With Carry
    12           ADC        Gb,Eb       binary       8         all     -                      simple   ADC—Add With Carry
    13           ADC        Gv,Ev       binary       16,32,64  all     -                      simple   ADC—Add With Carry
    14           ADC        AL,Ib       binary       8         all     -                      simple   ADC—Add With Carry
    15           ADC        rAX,Iz      binary       16,32,64  all     -                      simple   ADC—Add With Carry
    18           SBB        Eb,Gb       binary       8         all     lock                   simple   SBB—Integer Subtraction With Borrow
    19           SBB        Ev,Gv       binary       16,32,64  all     lock                   simple   SBB—Integer Subtraction With Borrow
    1A           SBB        Gb,Eb       binary       8         all     -                      simple   SBB—Integer Subtraction With Borrow
    1B           SBB        Gv,Ev       binary       16,32,64  all     -                      simple   SBB—Integer Subtraction With Borrow
    1C           SBB        AL,Ib       binary       8         all     -                      simple   SBB—Integer Subtraction With Borrow
    1D           SBB        rAX,Iz      binary       16,32,64  all     -                      simple   SBB—Integer Subtraction With Borrow
    20           AND        Eb,Gb       binary       8         all     lock                   simple   AND—Logical AND
    21           AND        Ev,Gv       binary       16,32,64  all     lock                   simple   AND—Logical AND
    22           AND        Gb,Eb       binary       8         all     -                      simple   AND—Logical AND
    23           AND        Gv,Ev       binary       16,32,64  all     -                      simple   AND—Logical AND
    24           AND        AL,Ib       binary       8         all     -                      simple   AND—Logical AND
    25           AND        rAX,Iz      binary       16,32,64  all     -                      simple   AND—Logical AND
    28           SUB        Eb,Gb       binary       8         all     lock                   simple   SUB—Subtract
    29           SUB        Ev,Gv       binary       16,32,64  all     lock                   simple   SUB—Subtract
    2A           SUB        Gb,Eb       binary       8         all     -                      simple   SUB—Subtract
    2B           SUB        Gv,Ev       binary       16,32,64  all     -                      simple   SUB—Subtract
    2C           SUB        AL,Ib       binary       8         all     -                      simple   SUB—Subtract
    2D           SUB        rAX,Iz      binary       16,32,64  all     -                      simple   SUB—Subtract
    30           XOR        Eb,Gb       binary       8         all     lock                   simple   XOR—Logical Exclusive OR
    31           XOR        Ev,Gv       binary       16,32,64  all     lock                   simple   XOR—Logical Exclusive OR
    32           XOR        Gb,Eb       binary       8         all     -                      simple   XOR—Logical Exclusive OR
    33           XOR        Gv,Ev       binary       16,32,64  all     -                      simple   XOR—Logical Exclusive OR
    34           XOR        AL,Ib       binary       8         all     -                      simple   XOR—Logical Exclusive OR
    35           XOR        rAX,Iz      binary       16,32,64  all     -                      simple   XOR—Logical Exclusive OR
    38           CMP        Eb,Gb       compare      8         all     -                      simple   CMP—Compare Two Operands
    39           CMP        Ev,Gv       compare      16,32,64  all     -                      simple   CMP—Compare Two Operands
    3A           CMP        Gb,Eb       compare      8         all     -                      simple   CMP—Compare Two Operands
    3B           CMP        Gv,Ev       compare      16,32,64  all     -                      simple   CMP—Compare Two Operands
    3C           CMP        AL,Ib       compare      8         all     -                      simple   CMP—Compare Two Operands
    3D           CMP        rAX,Iz      compare      16,32,64  all     -                      simple   CMP—Compare Two Operands
    80 /0        ADD        Eb,Ib       binary       8         all     lock                   simple   ADD—Add
    80 /1        OR         Eb,Ib       binary       8         all     lock                   simple   OR—Logical Inclusive OR
    80 /2        ADC        Eb,Ib       binary       8         all     lock                   simple   ADC—Add With Carry
    80 /3        SBB        Eb,Ib       binary       8         all     lock                   simple   SBB—Integer Subtraction With Borrow
    80 /4        AND        Eb,Ib       binary       8         all     lock                   simple   AND—Logical AND
    80 /5        SUB        Eb,Ib       binary       8         all     lock                   simple   SUB—Subtract
    80 /6        XOR        Eb,Ib       binary       8         all     lock                   simple   XOR—Logical Exclusive OR
    80 /7        CMP        Eb,Ib       compare      8         all     -                      simple   CMP—Compare Two Operands
    81 /0        ADD        Ev,Iz       binary       16,32,64  all     lock                   simple   ADD—Add
    81 /1        OR         Ev,Iz       binary       16,32,64  all     lock                   simple   OR—Logical Inclusive OR
    81 /2        ADC        Ev,Iz       binary       16,32,64  all     lock                   simple   ADC—Add With Carry
    81 /3        SBB        Ev,Iz       binary       16,32,64  all     lock                   simple   SBB—Integer Subtraction With Borrow
    81 /4        AND        Ev,Iz       binary       16,32,64  all     lock                   simple   AND—Logical AND
    81 /5        SUB        Ev,Iz       binary       16,32,64  all     lock                   simple   SUB—Subtract
    81 /6        XOR        Ev,Iz       binary       16,32,64  all     lock                   simple   XOR—Logical Exclusive OR
    81 /7        CMP        Ev,Iz       compare      16,32,64  all     -                      simple   CMP—Compare Two Operands
    83 /0        ADD        Ev,Ibs      binary       16,32,64  all     lock                   simple   ADD—Add
    83 /1        OR         Ev,Ibs      binary       16,32,64  all     lock                   simple   OR—Logical Inclusive OR
    83 /2        ADC        Ev,Ibs      binary       16,32,64  all     lock                   simple   ADC—Add With Carry
    83 /3        SBB        Ev,Ibs      binary       16,32,64  all     lock                   simple   SBB—Integer Subtraction With Borrow
    83 /4        AND        Ev,Ibs      binary       16,32,64  all     lock                   simple   AND—Logical AND
    83 /5        SUB        Ev,Ibs      binary       16,32,64  all     lock                   simple   SUB—Subtract
    83 /6        XOR        Ev,Ibs      binary       16,32,64  all     lock                   simple   XOR—Logical Exclusive OR
    83 /7        CMP        Ev,Ibs      compare      16,32,64  all     -                      simple   CMP—Compare Two Operands
    84           TEST       Eb,Gb       compare      8         all     -                      simple   TEST—Logical Compare
    85           TEST       Ev,Gv       compare      16,32,64  all     -                      simple   TEST—Logical Compare
    A8           TEST       AL,Ib       compare      8         all     -                      simple   TEST—Logical Compare
    A9           TEST       rAX,Iz      compare      16,32,64  all     -                      simple   TEST—Logical Compare
    F6 /0        TEST       Eb,Ib       compare      8         all     -                      simple   TEST—Logical Compare
    F6 /1        TEST       Eb,Ib       compare      8         all     -                      simple   TEST—Logical Compare
    F7 /0        TEST       Ev,Iz       compare      16,32,64  all     -                      simple   TEST—Logical Compare
    F7 /1        TEST       Ev,Iz       compare      16,32,64  all     -                      simple   TEST—Logical Compare
    FE /0        INC        Eb          unary        8         all     lock                   simple   INC—Increment by 1
    FE /1        DEC        Eb          unary        8         all     lock                   simple   DEC—Decrement by 1
    FF /0        INC        Ev          unary        16,32,64  all     lock                   simple   INC—Increment by 1
    FF /1        DEC        Ev          unary        16,32,64  all     lock                   simple   DEC—Decrement by 1
    F6 /2        NOT        Eb          unary        8         all     lock                   simple   NOT—One's Complement Negation
    F7 /2        NOT        Ev          unary        16,32,64  all     lock                   simple   NOT—One's Complement Negation
    F6 /3        NEG        Eb          unary        8         all     lock                   simple   NEG—Two's Complement Negation
    F7 /3        NEG        Ev          unary        16,32,64  all     lock                   simple   NEG—Two's Complement Negation
    F6 /4        MUL        Eb          multiply     8         all     -                      multiply  MUL—Unsigned Multiply
    F7 /4        MUL        Ev          multiply     16,32,64  all     -                      multiply  MUL—Unsigned Multiply
    F6 /5        IMUL       Eb          multiply     8         all     -                      multiply  IMUL—Signed Multiply
    F7 /5        IMUL       Ev          multiply     16,32,64  all     -                      multiply  IMUL—Signed Multiply
    F6 /6        DIV        Eb          divide       8         all     -                      divide   DIV—Unsigned Divide
    F7 /6        DIV        Ev          divide       16,32,64  all     -                      divide   DIV—Unsigned Divide
    F6 /7        IDIV       Eb          divide       8         all     -                      divide   IDIV—Signed Divide
    F7 /7        IDIV       Ev          divide       16,32,64  all     -                      divide   IDIV—Signed Divide
    0F AF        IMUL       Gv,Ev       binary       16,32,64  all     as=IMUL2               multiply  IMUL—Signed Multiply
    69           IMUL       Gv,Ev,Iz    product      16,32,64  all     -                      multiply  IMUL—Signed Multiply
    6B           IMUL       Gv,Ev,Ibs   product      16,32,64  all     -                      multiply  IMUL—Signed Multiply

    # Shifts, rotates, bits
    C0 /0        ROL        Eb,Ib       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C0 /1        ROR        Eb,Ib       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C0 /2        RCL        Eb,Ib       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C0 /3        RCR        Eb,Ib       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C0 /4        SHL        Eb,Ib       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C0 /5        SHR        Eb,Ib       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C0 /6        SHL        Eb,Ib       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C0 /7        SAR        Eb,Ib       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C1 /0        ROL        Ev,Ib       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C1 /1        ROR        Ev,Ib       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C1 /2        RCL        Ev,Ib       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C1 /3        RCR        Ev,Ib       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    C1 /4        SHL        Ev,Ib       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C1 /5        SHR        Ev,Ib       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C1 /6        SHL        Ev,Ib       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    C1 /7        SAR        Ev,Ib       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D0 /0        ROL        Eb,1        shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D0 /1        ROR        Eb,1        shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D0 /2        RCL        Eb,1        shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D0 /3        RCR        Eb,1        shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D0 /4        SHL        Eb,1        shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D0 /5        SHR        Eb,1        shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D0 /6        SHL        Eb,1        shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D0 /7        SAR        Eb,1        shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D1 /0        ROL        Ev,1        shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D1 /1        ROR        Ev,1        shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D1 /2        RCL        Ev,1        shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D1 /3        RCR        Ev,1        shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D1 /4        SHL        Ev,1        shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D1 /5        SHR        Ev,1        shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D1 /6        SHL        Ev,1        shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D1 /7        SAR        Ev,1        shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D2 /0        ROL        Eb,CL       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D2 /1        ROR        Eb,CL       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D2 /2        RCL        Eb,CL       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D2 /3        RCR        Eb,CL       shift        8         all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D2 /4        SHL        Eb,CL       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D2 /5        SHR        Eb,CL       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D2 /6        SHL        Eb,CL       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D2 /7        SAR        Eb,CL       shift        8         all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D3 /0        ROL        Ev,CL       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D3 /1        ROR        Ev,CL       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D3 /2        RCL        Ev,CL       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D3 /3        RCR        Ev,CL       shift        16,32,64  all     -                      simple   RCL/RCR/ROL/ROR—Rotate
    D3 /4        SHL        Ev,CL       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D3 /5        SHR        Ev,CL       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D3 /6        SHL        Ev,CL       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    D3 /7        SAR        Ev,CL       shift        16,32,64  all     -                      simple   SAL/SAR/SHL/SHR—Shift
    0F A4        SHLD       Ev,Gv,Ib    doubleShift  16,32,64  all     -                      simple   SHLD—Double Precision Shift Left
    0F A5        SHLD       Ev,Gv,CL    doubleShift  16,32,64  all     -                      simple   SHLD—Double Precision Shift Left
    0F AC        SHRD       Ev,Gv,Ib    doubleShift  16,32,64  all     -                      simple   SHRD—Double Precision Shift Right
    0F AD        SHRD       Ev,Gv,CL    doubleShift  16,32,64  all     -                      simple   SHRD—Double Precision Shift Right
    0F A3        BT         Ev,Gv       bitTest      16,32,64  all     -                      simple   BT—Bit Test
    0F AB        BTS        Ev,Gv       bitTest      16,32,64  all     lock                   simple   BTS—Bit Test and Set
    0F B3        BTR        Ev,Gv       bitTest      16,32,64  all     lock                   simple   BTR—Bit Test and Reset
    0F BB        BTC        Ev,Gv       bitTest      16,32,64  all     lock                   simple   BTC—Bit Test and Complement
    0F BA /4     BT         Ev,Ib       bitTest      16,32,64  all     -                      simple   BT—Bit Test
    0F BA /5     BTS        Ev,Ib       bitTest      16,32,64  all     lock                   simple   BTS—Bit Test and Set
    0F BA /6     BTR        Ev,Ib       bitTest      16,32,64  all     lock                   simple   BTR—Bit Test and Reset
    0F BA /7     BTC        Ev,Ib       bitTest      16,32,64  all     lock                   simple   BTC—Bit Test and Complement
    NP 0F BC     BSF        Gv,Ev       bitScan      16,32,64  all     -                      simple   BSF—Bit Scan Forward
    NP 0F BD     BSR        Gv,Ev       bitScan      16,32,64  all     -                      simple   BSR—Bit Scan Reverse
    F2 0F BC     BSF        Gv,Ev       bitScan      16,32,64  all     -                      simple   BSF—Bit Scan Forward
    F2 0F BD     BSR        Gv,Ev       bitScan      16,32,64  all     -                      simple   BSR—Bit Scan Reverse
    F3 0F BC     TZCNT      Gv,Ev       bitScan      16,32,64  all     -                      simple   TZCNT—Count the Number of Trailing Zero Bits
    F3 0F BD     LZCNT      Gv,Ev       bitScan      16,32,64  all     -                      simple   LZCNT—Count the Number of Leading Zero Bits
    F3 0F B8     POPCNT     Gv,Ev       bitScan      16,32,64  all     -                      simple   POPCNT—Return the Count of Number of Bits Set to 1
    0F C8+r      BSWAP      Zv          sized        32,64     all     -                      simple   BSWAP—Byte Swap

    # Moves
    88           MOV        Eb,Gb       move         8         all     -                      simple   MOV—Move
    89           MOV        Ev,Gv       move         16,32,64  all     -                      simple   MOV—Move
    8A           MOV        Gb,Eb       move         8         all     -                      simple   MOV—Move
    8B           MOV        Gv,Ev       move         16,32,64  all     -                      simple   MOV—Move
    A0           MOV        AL,Ob       sized        8         all     as=loadOffset          simple   MOV—Move
    A1           MOV        rAX,Ov      sized        16,32,64  all     as=loadOffset          simple   MOV—Move
    A2           MOV        Ob,AL       sized        8         all     as=storeOffset         simple   MOV—Move
    A3           MOV        Ov,rAX      sized        16,32,64  all     as=storeOffset         simple   MOV—Move
    B0+r         MOV        Zb,Ib       move         8         all     -                      simple   MOV—Move
    B8+r         MOV        Zv,Iv       move         16,32,64  all     -                      simple   MOV—Move
    C6 /0        MOV        Eb,Ib       move         8         all     -                      simple   MOV—Move
    C7 /0        MOV        Ev,Iz       move         16,32,64  all     -                      simple   MOV—Move
    0F B6        MOVZX      Gv,Eb       extend       16,32,64  all     -                      simple   MOVZX—Move With Zero-Extend
    0F B7        MOVZX      Gv,Ew       extend       16,32,64  all     -                      simple   MOVZX—Move With Zero-Extend
    0F BE        MOVSX      Gv,Eb       extend       16,32,64  all     -                      simple   MOVSX/MOVSXD—Move With Sign-Extension
    0F BF        MOVSX      Gv,Ew       extend       16,32,64  all     -                      simple   MOVSX/MOVSXD—Move With Sign-Extension
    63           MOVSXD     Gv,Ed       extend       16,32,64  64      -                      simple   MOVSX/MOVSXD—Move With Sign-Extension
    8D           LEA        Gv,M        sized        16,32,64  all     -                      simple   LEA—Load Effective Address
    86           XCHG       Eb,Gb       sized        8         all     lock                   simple   XCHG—Exchange Register/Memory With Register
    87           XCHG       Ev,Gv       sized        16,32,64  all     lock                   simple   XCHG—Exchange Register/Memory With Register
    NP 90        NOP        -           plain        -         all     noB                    simple   NOP—No Operation
    F2 90        NOP        -           plain        -         all     noB                    simple   NOP—No Operation
    F3 90        PAUSE      -           plain        -         all     noB                    simple   PAUSE—Spin Loop Hint
    90+r         XCHG       Zv,rAX      sized        16,32,64  all     as=xchgAccumulator     simple   XCHG—Exchange Register/Memory With Register
    0F C0        XADD       Eb,Gb       sized        8         all     lock                   simple   XADD—Exchange and Add
    0F C1        XADD       Ev,Gv       sized        16,32,64  all     lock                   simple   XADD—Exchange and Add
    0F B0        CMPXCHG    Eb,Gb       sized        8         all     lock                   simple   CMPXCHG—Compare and Exchange
    0F B1        CMPXCHG    Ev,Gv       sized        16,32,64  all     lock                   simple   CMPXCHG—Compare and Exchange
    0F 40+c      CMOV       Gv,Ev       moveIf       16,32,64  all     -                      simple   CMOVcc—Conditional Move
    0F 90+c      SET        Eb          setIf        8         all     -                      simple   SETcc—Set Byte on Condition
    98           CBW        -           sized        16,32,64  all     as=extendAccumulator   simple   CBW/CWDE/CDQE—Convert Byte to Word/Convert Word to Doubleword/Convert Doubleword to Quadword
    99           CWD        -           sized        16,32,64  all     as=signIntoData        simple   CWD/CDQ/CQO—Convert Word to Doubleword/Convert Doubleword to Quadword
    9C           PUSHF      -           sized        16,32,64  all     d64,mode,as=pushFlags  simple   PUSHF/PUSHFD/PUSHFQ—Push RFLAGS Register Onto the Stack
    9D           POPF       -           sized        16,32,64  all     d64,mode,ends,as=popFlags  simple   POPF/POPFD/POPFQ—Pop Stack Into RFLAGS Register
    9E           SAHF       -           plain        -         all     -                      simple   SAHF—Store AH Into Flags
    9F           LAHF       -           plain        -         all     -                      simple   LAHF—Load Status Flags Into AH Register
    F5           CMC        -           plain        -         all     -                      simple   CMC—Complement Carry Flag
    F8           CLC        -           plain        -         all     -                      simple   CLC—Clear Carry Flag
    F9           STC        -           plain        -         all     -                      simple   STC—Set Carry Flag
    FC           CLD        -           plain        -         all     -                      simple   CLD—Clear Direction Flag
    FD           STD        -           plain        -         all     -                      simple   STD—Set Direction Flag

    40+r         INC        Zv          unary        16,32     legacy  -                      simple   INC—Increment by 1
    48+r         DEC        Zv          unary        16,32     legacy  -                      simple   DEC—Decrement by 1

    # Stack
    50+r         PUSH       Zv          sized        16,32,64  all     d64,mode,as=pushRegister  simple   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    58+r         POP        Zv          sized        16,32,64  all     d64,mode,as=popRegister  simple   POP—Pop a Value From the Stack
    68           PUSH       Iz          sized        16,32,64  all     d64,mode,as=pushImmediate  simple   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    6A           PUSH       Ibs         sized        16,32,64  all     d64,mode,as=pushImmediate  simple   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    FF /6        PUSH       Ev          sized        16,32,64  all     d64,mode,ends,reads,as=push  simple   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    8F /0        POP        Ev          sized        16,32,64  all     d64,mode,ends,as=pop   simple   POP—Pop a Value From the Stack
    C9           LEAVE      -           sized        16,32,64  all     d64,mode               simple   LEAVE—High Level Procedure Exit

    # Transfers
    70+c         J          Jb          jumpIf       -         all     f64,mode,ends          branch   Jcc—Jump if Condition Is Met
    0F 80+c      J          Jz          jumpIf       -         all     f64,mode,ends          branch   Jcc—Jump if Condition Is Met
    EB           JMP        Jb          sized        -         all     f64,mode,ends,as=jump  branch   JMP—Jump
    E9           JMP        Jz          sized        -         all     f64,mode,ends,as=jump  branch   JMP—Jump
    FF /4        JMP        Ev          sized        16,32,64  all     f64,mode,ends,reads,as=jumpNear  branch   JMP—Jump
    E8           CALL       Jz          sized        16,32,64  all     f64,mode,ends,as=call  branch   CALL—Call Procedure
    FF /2        CALL       Ev          sized        16,32,64  all     f64,mode,ends,reads,as=callNear  branch   CALL—Call Procedure
    C3           RET        -           sized        16,32,64  all     f64,mode,ends,as=ret   branch   RET—Return From Procedure
    C2           RET        Iw          sized        16,32,64  all     f64,mode,ends,as=ret   branch   RET—Return From Procedure
    E0           LOOPNE     Jb          sized        -         all     f64,mode,ends          branch   LOOP/LOOPcc—Loop According to ECX Counter
    E1           LOOPE      Jb          sized        -         all     f64,mode,ends          branch   LOOP/LOOPcc—Loop According to ECX Counter
    E2           LOOP       Jb          sized        -         all     f64,mode,ends          branch   LOOP/LOOPcc—Loop According to ECX Counter
    E3           JRCXZ      Jb          sized        -         all     f64,mode,ends          branch   Jcc—Jump if Condition Is Met
    CC           INT3       -           plain        -         all     ends,as=breakpoint     simple   INT n/INTO/INT3/INT1—Call to Interrupt Procedure
    CD           INT        Ib          plain        -         all     ends,as=interrupt      simple   INT n/INTO/INT3/INT1—Call to Interrupt Procedure
    CF           IRET       -           sized        16,32,64  all     ends,as=interruptReturn  far       IRET/IRETD/IRETQ—Interrupt Return
    0F 0B        UD2        -           plain        -         all     ends,as=undefined      simple   UD—Undefined Instruction

    # Strings
    A4           MOVS       -           string       8         all     ends                   simple   MOVS/MOVSB/MOVSW/MOVSD/MOVSQ—Move Data From String to String
    A5           MOVS       -           string       16,32,64  all     ends                   simple   MOVS/MOVSB/MOVSW/MOVSD/MOVSQ—Move Data From String to String
    A6           CMPS       -           string       8         all     ends                   simple   CMPS/CMPSB/CMPSW/CMPSD/CMPSQ—Compare String Operands
    A7           CMPS       -           string       16,32,64  all     ends                   simple   CMPS/CMPSB/CMPSW/CMPSD/CMPSQ—Compare String Operands
    AA           STOS       -           string       8         all     ends                   simple   STOS/STOSB/STOSW/STOSD/STOSQ—Store String
    AB           STOS       -           string       16,32,64  all     ends                   simple   STOS/STOSB/STOSW/STOSD/STOSQ—Store String
    AC           LODS       -           string       8         all     ends                   simple   LODS/LODSB/LODSW/LODSD/LODSQ—Load String
    AD           LODS       -           string       16,32,64  all     ends                   simple   LODS/LODSB/LODSW/LODSD/LODSQ—Load String
    AE           SCAS       -           string       8         all     ends                   simple   SCAS/SCASB/SCASW/SCASD—Scan String
    AF           SCAS       -           string       16,32,64  all     ends                   simple   SCAS/SCASB/SCASW/SCASD—Scan String

    # System
    E4           IN         AL,Ib       sized        8         all     ends,as=inImmediate    port     IN—Input From Port
    E5           IN         rAX,Ib      sized        16,32     all     ends,as=inImmediate    port     IN—Input From Port
    E6           OUT        Ib,AL       sized        8         all     ends,as=outImmediate   port     OUT—Output to Port
    E7           OUT        Ib,rAX      sized        16,32     all     ends,as=outImmediate   port     OUT—Output to Port
    EC           IN         AL,DX       sized        8         all     ends,as=inData         port     IN—Input From Port
    ED           IN         rAX,DX      sized        16,32     all     ends,as=inData         port     IN—Input From Port
    EE           OUT        DX,AL       sized        8         all     ends,as=outData        port     OUT—Output to Port
    EF           OUT        DX,rAX      sized        16,32     all     ends,as=outData        port     OUT—Output to Port
    F4           HLT        -           plain        -         all     ends                   simple   HLT—Halt
    FA           CLI        -           plain        -         all     ends                   simple   CLI—Clear Interrupt Flag
    FB           STI        -           plain        -         all     ends                   simple   STI—Set Interrupt Flag
    0F 01 /2     LGDT       M           plain        -         all     ends,reads,as=loadGDT  simple   LGDT/LIDT—Load Global/Interrupt Descriptor Table Register
    0F 01 /3     LIDT       M           plain        -         all     ends,reads,as=loadIDT  simple   LGDT/LIDT—Load Global/Interrupt Descriptor Table Register
    0F 01 /7     INVLPG     M           plain        -         all     ends,reads             invlpg   INVLPG—Invalidate TLB Entries
    0F 20        MOV        R,C         plain        -         all     ends,as=readControl    simple   MOV—Move to/from Control Registers
    0F 22        MOV        C,R         plain        -         all     ends,as=writeControl   control  MOV—Move to/from Control Registers
    0F 30        WRMSR      -           plain        -         all     ends,as=writeMSR       msr      WRMSR—Write to Model Specific Register
    0F 31        RDTSC      -           plain        -         all     as=readTSC             simple   RDTSC—Read Time-Stamp Counter
    0F 32        RDMSR      -           plain        -         all     ends,as=readMSR        msr      RDMSR—Read From Model Specific Register
    0F A2        CPUID      -           plain        -         all     ends                   cpuid    CPUID—CPU Identification
    NP! 0F AE /5   LFENCE  Rd          plain        -         all     as=nop                 simple   LFENCE—Load Fence
    NP! 0F AE /6   MFENCE  Rd          plain        -         all     as=nop                 simple   MFENCE—Memory Fence
    NP! 0F AE /7   SFENCE  Rd          plain        -         all     as=nop                 simple   SFENCE—Store Fence
    0F 1F        NOP        Ev          plain        -         all     as=nop                 simple   NOP—No Operation
    0F 1E        NOP        Ev          plain        -         all     as=nop                 simple   NOP—No Operation
    0F 19        NOP        Ev          plain        -         all     as=nop                 simple   NOP—No Operation
    0F 1A        NOP        Ev          plain        -         all     as=nop                 simple   NOP—No Operation
    0F 1B        NOP        Ev          plain        -         all     as=nop                 simple   NOP—No Operation
    0F 1D        NOP        Ev          plain        -         all     as=nop                 simple   NOP—No Operation
    0F 18        NOP        Ev          plain        -         all     as=nop                 simple   PREFETCHh—Prefetch Data Into Caches
    0F 0D        NOP        Ev          plain        -         all     as=nop                 simple   PREFETCHW—Prefetch Data Into Caches in Anticipation of a Write

    # Bit manipulation, BMI1 and BMI2
    VEX.LZ.NP.0F38 F2      ANDN      Gy,By,Ey    threeOperand  32,64   all   -   simple    ANDN—Logical AND NOT
    VEX.LZ.NP.0F38 F7      BEXTR     Gy,Ey,By    threeOperand  32,64   all   -   simple    BEXTR—Bit Field Extract
    VEX.LZ.NP.0F38 F3 /1   BLSR      By,Ey       bitScan       32,64   all   -   simple    BLSR—Reset Lowest Set Bit
    VEX.LZ.NP.0F38 F3 /2   BLSMSK    By,Ey       bitScan       32,64   all   -   simple    BLSMSK—Get Mask Up to Lowest Set Bit
    VEX.LZ.NP.0F38 F3 /3   BLSI      By,Ey       bitScan       32,64   all   -   simple    BLSI—Extract Lowest Set Isolated Bit
    VEX.LZ.NP.0F38 F5      BZHI      Gy,Ey,By    threeOperand  32,64   all   -   simple    BZHI—Zero High Bits Starting With Specified Bit Position
    VEX.LZ.F2.0F38 F5      PDEP      Gy,By,Ey    threeOperand  32,64   all   -   simple    PDEP—Parallel Bits Deposit
    VEX.LZ.F3.0F38 F5      PEXT      Gy,By,Ey    threeOperand  32,64   all   -   simple    PEXT—Parallel Bits Extract
    VEX.LZ.F2.0F38 F6      MULX      Gy,By,Ey    sized         32,64   all   -   multiply  MULX—Unsigned Multiply Without Affecting Flags
    VEX.LZ.F2.0F3A F0      RORX      Gy,Ey,Ib    sized         32,64   all   -   simple    RORX—Rotate Right Logical Without Affecting Flags
    VEX.LZ.F3.0F38 F7      SARX      Gy,Ey,By    threeOperand  32,64   all   -   simple    SARX/SHLX/SHRX—Shift Without Affecting Flags
    VEX.LZ.66.0F38 F7      SHLX      Gy,Ey,By    threeOperand  32,64   all   -   simple    SARX/SHLX/SHRX—Shift Without Affecting Flags
    VEX.LZ.F2.0F38 F7      SHRX      Gy,Ey,By    threeOperand  32,64   all   -   simple    SARX/SHLX/SHRX—Shift Without Affecting Flags

    # Additions to the integer instructions
    66 0F 38 F6     ADCX        Gy,Ey       binary        32,64     all     -                       simple    ADCX—Unsigned Integer Addition of Two Operands With Carry Flag
    F3 0F 38 F6     ADOX        Gy,Ey       binary        32,64     all     -                       simple    ADOX—Unsigned Integer Addition of Two Operands With Overflow Flag
    NP 0F 38 F0     MOVBE       Gv,M        sized         16,32,64  all     onlyM,as=loadSwapped    simple    MOVBE—Move Data After Swapping Bytes
    NP 0F 38 F1     MOVBE       M,Gv        sized         16,32,64  all     onlyM,as=storeSwapped   simple    MOVBE—Move Data After Swapping Bytes
    F2 0F 38 F0     CRC32       Gd,Eb       sized         8         all     -                       simple    CRC32—Accumulate CRC32 Value
    F2 0F 38 F1     CRC32       Gd,Ev       sized         16,32,64  all     -                       simple    CRC32—Accumulate CRC32 Value
    NP 0F C3        MOVNTI      M,Gy        move          32,64     all     onlyM,no66,as=MOV       simple    MOVNTI—Store Doubleword Using Non-Temporal Hint
    REX.W 0F C7 /1  CMPXCHG16B  M           plain         -         64      lock,onlyM              simple    CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes
    0F C7 /1        CMPXCHG8B   M           plain         -         all     lock,onlyM              simple    CMPXCHG8B/CMPXCHG16B—Compare and Exchange Bytes
    NP 0F C7 /6     RDRAND      Rv          sized         16,32,64  all     as=random               simple    RDRAND—Read Random Number
    NP 0F C7 /7     RDSEED      Rv          sized         16,32,64  all     as=seed                 simple    RDSEED—Read Random SEED
    F3 0F C7 /7     RDPID       Ry          sized         64        all     f64                     simple    RDPID—Read Processor ID
    0F 01 /7!1      RDTSCP      -           plain         -         all     as=readTSCAndProcessor  simple    RDTSCP—Read Time-Stamp Counter and Processor ID
    D7              XLAT        -           plain         -         all     -                       simple    XLAT/XLATB—Table Look-up Translation
    C8              ENTER       Iw,Ib       sized         16,32,64  all     d64,mode,ends                simple    ENTER—Make Stack Frame for Procedure Parameters
    F1              INT1        -           plain         -         all     ends,as=debugTrap       simple    INT n/INTO/INT3/INT1—Call to Interrupt Procedure
    0F FF           UD0         Gv,Ev       plain         -         all     ends,as=undefined       simple    UD—Undefined Instruction
    0F B9           UD1         Gv,Ev       plain         -         all     ends,as=undefined       simple    UD—Undefined Instruction
    66 0F AE /7     CLFLUSHOPT  M           plain         -         all     as=cacheLine            simple    CLFLUSHOPT—Flush Cache Line Optimized
    66 0F AE /6     CLWB        M           plain         -         all     as=cacheLine            simple    CLWB—Cache Line Write Back
    NP 0F AE /7     CLFLUSH     M           plain         -         all     as=cacheLine            simple    CLFLUSH—Flush Cache Line
    NP 0F 1C /0     CLDEMOTE    M           plain         -         all     as=nop                  simple    CLDEMOTE—Cache Line Demote
    0F 1C           NOP         Ev          plain         -         all     as=nop                  simple    NOP—No Operation

    # Segments and privilege
    8E           MOV        S,Ew        sized        -         all     ends,reads,as=moveToSegment  segment   MOV—Move
    8C           MOV        Ew,S        sized        -         all     ends,as=moveFromSegment  segment   MOV—Move
    06           PUSH       S0          sized        16,32,64  legacy  d64,mode,ends,as=pushSegment  segment   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    0E           PUSH       S1          sized        16,32,64  legacy  d64,mode,ends,as=pushSegment  segment   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    16           PUSH       S2          sized        16,32,64  legacy  d64,mode,ends,as=pushSegment  segment   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    1E           PUSH       S3          sized        16,32,64  legacy  d64,mode,ends,as=pushSegment  segment   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    07           POP        S0          sized        16,32,64  legacy  d64,mode,ends,as=popSegment  segment   POP—Pop a Value From the Stack
    17           POP        S2          sized        16,32,64  legacy  d64,mode,ends,as=popSegment  segment   POP—Pop a Value From the Stack
    1F           POP        S3          sized        16,32,64  legacy  d64,mode,ends,as=popSegment  segment   POP—Pop a Value From the Stack
    0F A0        PUSH       S4          sized        16,32,64  all     d64,mode,ends,as=pushSegment  segment   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    0F A8        PUSH       S5          sized        16,32,64  all     d64,mode,ends,as=pushSegment  segment   PUSH—Push Word, Doubleword, or Quadword Onto the Stack
    0F A1        POP        S4          sized        16,32,64  all     d64,mode,ends,as=popSegment  segment   POP—Pop a Value From the Stack
    0F A9        POP        S5          sized        16,32,64  all     d64,mode,ends,as=popSegment  segment   POP—Pop a Value From the Stack
    C4           LES        Gv,M        sized        16,32     legacy  ends                     segment   LDS/LES/LFS/LGS/LSS—Load Far Pointer
    C5           LDS        Gv,M        sized        16,32     legacy  ends                     segment   LDS/LES/LFS/LGS/LSS—Load Far Pointer
    0F B2        LSS        Gv,M        sized        16,32,64  all     ends                     segment   LDS/LES/LFS/LGS/LSS—Load Far Pointer
    0F B4        LFS        Gv,M        sized        16,32,64  all     ends                     segment   LDS/LES/LFS/LGS/LSS—Load Far Pointer
    0F B5        LGS        Gv,M        sized        16,32,64  all     ends                     segment   LDS/LES/LFS/LGS/LSS—Load Far Pointer
    EA           JMP        Ap          plain        -         legacy  ends,as=jumpFar          far       JMP—Jump
    9A           CALL       Ap          plain        -         legacy  ends,as=callFar          far       CALL—Call Procedure
    FF /5        JMP        M           sized        16,32,64  all     ends,reads,as=jumpFarMemory  far       JMP—Jump
    FF /3        CALL       M           sized        16,32,64  all     ends,reads,as=callFarMemory  far       CALL—Call Procedure
    CA           RET        Iw          sized        16,32,64  all     ends,as=returnFar        far       RET—Return From Procedure
    CB           RET        -           sized        16,32,64  all     ends,as=returnFar        far       RET—Return From Procedure
    CE           INTO       -           plain        -         legacy  ends,as=interruptOnOverflow  simple    INT n/INTO/INT3/INT1—Call to Interrupt Procedure
    0F 00 /0     SLDT       Ew          sized        -         all     ends,as=storeLDT         segment   SLDT—Store Local Descriptor Table Register
    0F 00 /1     STR        Ew          sized        -         all     ends,as=storeTask        segment   STR—Store Task Register
    0F 00 /2     LLDT       Ew          sized        -         all     ends,reads,as=loadLDT    segment   LLDT—Load Local Descriptor Table Register
    0F 00 /3     LTR        Ew          sized        -         all     ends,reads,as=loadTask   segment   LTR—Load Task Register
    0F 00 /4     VERR       Ew          sized        -         all     ends,reads               segment   VERR/VERW—Verify a Segment for Reading or Writing
    0F 00 /5     VERW       Ew          sized        -         all     ends,reads               segment   VERR/VERW—Verify a Segment for Reading or Writing
    0F 01 /0     SGDT       M           plain        -         all     ends,as=storeGDT         segment   SGDT—Store Global Descriptor Table Register
    0F 01 /1     SIDT       M           plain        -         all     ends,as=storeIDT         segment   SIDT—Store Interrupt Descriptor Table Register
    0F 01 /4     SMSW       Ew          sized        -         all     ends,as=storeMachineStatus  segment   SMSW—Store Machine Status Word
    0F 01 /6     LMSW       Ew          sized        -         all     ends,reads,as=loadMachineStatus  segment   LMSW—Load Machine Status Word
    0F 02        LAR        Gv,Ew       sized        16,32,64  all     ends                     segment   LAR—Load Access Rights Byte
    0F 03        LSL        Gv,Ew       sized        16,32,64  all     ends                     segment   LSL—Load Segment Limit
    0F 06        CLTS       -           plain        -         all     ends                     simple    CLTS—Clear Task-Switched Flag in CR0
    63           ARPL       Ew,Gw       sized        -         legacy  ends,reads                     simple    ARPL—Adjust RPL Field of Segment Selector

    # Legacy arithmetic
    27           DAA        -           plain        -         legacy  -                        simple    DAA—Decimal Adjust AL After Addition
    2F           DAS        -           plain        -         legacy  -                        simple    DAS—Decimal Adjust AL After Subtraction
    37           AAA        -           plain        -         legacy  -                        simple    AAA—ASCII Adjust After Addition
    3F           AAS        -           plain        -         legacy  -                        simple    AAS—ASCII Adjust AL After Subtraction
    D4           AAM        Ib          plain        -         legacy  -                        divide    AAM—ASCII Adjust AX After Multiply
    D5           AAD        Ib          plain        -         legacy  -                        simple    AAD—ASCII Adjust AX Before Division
    D6           SALC       -           plain        -         legacy  -                        simple    SALC—Set AL on Carry
    62           BOUND      Gv,M        sized        16,32     legacy  ends                     simple    BOUND—Check Array Index Against Bounds
    60           PUSHA      -           sized        16,32     legacy  mode,ends,as=pushAll     simple    PUSHA/PUSHAD—Push All General-Purpose Registers
    61           POPA       -           sized        16,32     legacy  mode,ends,as=popAll      simple    POPA/POPAD—Pop All General-Purpose Registers
    82 /0        ADD        Eb,Ib       binary       8         legacy  lock                     simple    ADD—Add
    82 /1        OR         Eb,Ib       binary       8         legacy  lock                     simple    OR—Logical Inclusive OR
    82 /2        ADC        Eb,Ib       binary       8         legacy  lock                     simple    ADC—Add With Carry
    82 /3        SBB        Eb,Ib       binary       8         legacy  lock                     simple    SBB—Integer Subtraction With Borrow
    82 /4        AND        Eb,Ib       binary       8         legacy  lock                     simple    AND—Logical AND
    82 /5        SUB        Eb,Ib       binary       8         legacy  lock                     simple    SUB—Subtract
    82 /6        XOR        Eb,Ib       binary       8         legacy  lock                     simple    XOR—Logical Exclusive OR
    82 /7        CMP        Eb,Ib       compare      8         legacy  -                        simple    CMP—Compare Two Operands

    # String input and output
    6C           INS        -           string       8         all     ends                     port      INS/INSB/INSW/INSD—Input from Port to String
    6D           INS        -           string       16,32     all     ends                     port      INS/INSB/INSW/INSD—Input from Port to String
    6E           OUTS       -           string       8         all     ends                     port      OUTS/OUTSB/OUTSW/OUTSD—Output String to Port
    6F           OUTS       -           string       16,32     all     ends                     port      OUTS/OUTSB/OUTSW/OUTSD—Output String to Port

    # Debug registers
    0F 21        MOV        R,C         plain        -         all     ends,as=readDebug        control   MOV—Move to/from Debug Registers
    0F 23        MOV        C,R         plain        -         all     ends,as=writeDebug       control   MOV—Move to/from Debug Registers
    0F 33        RDPMC      -           plain        -         all     ends,as=readPMC          msr      RDPMC—Read Performance-Monitoring Counters
    NP 0F 01 /1!0  MONITOR  -           plain        -         all     ends                     simple   MONITOR—Set Up Monitor Address
    NP 0F 01 /1!1  MWAIT    -           plain        -         all     ends                     simple   MWAIT—Monitor Wait
    NP 0F 01 /1!2  CLAC       -           plain        -         all     ends,no66              simple   CLAC—Clear AC Flag in EFLAGS Register
    NP 0F 01 /1!3  STAC       -           plain        -         all     ends,no66              simple   STAC—Set AC Flag in EFLAGS Register
    NP 0F 01 /5!6  RDPKRU     -           plain        -         all     no66,as=readKeys       simple   RDPKRU—Read Protection Key Rights for User Pages
    NP 0F 01 /5!7  WRPKRU     -           plain        -         all     ends,no66,as=writeKeys  simple   WRPKRU—Write Data to User Page Key Register
    66 0F 38 82    INVPCID    Gd,M        plain        -         all     ends,reads,onlyM,bytes=16,as=invalidateContexts  invlpg   INVPCID—Invalidate Process-Context Identifier
    0F 01 /7!0     SWAPGS     -           plain        -         64      ends                     simple    SWAPGS—Swap GS Base Register
    0F 05        SYSCALL    -           plain        -         64      ends                     far       SYSCALL—Fast System Call
    0F 07        SYSRET     -           sized        32,64     64      ends                     far       SYSRET—Return From Fast System Call
    0F 34        SYSENTER   -           plain        -         all     ends                     far       SYSENTER—Fast System Call
    0F 35        SYSEXIT    -           sized        32,64     all     ends                     far       SYSEXIT—Fast Return from Fast System Call
    0F 08        INVD       -           plain        -         all     ends                     simple    INVD—Invalidate Internal Caches
    0F 09        WBINVD     -           plain        -         all     ends                     simple    WBINVD—Write Back and Invalidate Cache
    F3 0F AE /0  RDFSBASE   Ry          sized        32,64     64      ends,as=readFSBase       simple    RDFSBASE/RDGSBASE—Read FS/GS Segment Base
    F3 0F AE /1  RDGSBASE   Ry          sized        32,64     64      ends,as=readGSBase       simple    RDFSBASE/RDGSBASE—Read FS/GS Segment Base
    F3 0F AE /2  WRFSBASE   Ry          sized        32,64     64      ends,as=writeFSBase      simple    WRFSBASE/WRGSBASE—Write FS/GS Segment Base
    F3 0F AE /3  WRGSBASE   Ry          sized        32,64     64      ends,as=writeGSBase      simple    WRFSBASE/WRGSBASE—Write FS/GS Segment Base

    # VMX (outside VMX operation, #UD)
    0F 01 /0!1     VMCALL    -           plain        -         all    ends                        simple   VMCALL—Call to VM Monitor
    0F 01 /0!2     VMLAUNCH  -           plain        -         all    ends                        simple   VMLAUNCH/VMRESUME—Launch/Resume Virtual Machine
    0F 01 /0!3     VMRESUME  -           plain        -         all    ends                        simple   VMLAUNCH/VMRESUME—Launch/Resume Virtual Machine
    0F 01 /0!4     VMXOFF    -           plain        -         all    ends                        simple   VMXOFF—Leave VMX Operation
    NP! 0F 01 /2!4  VMFUNC   -           plain        -         all    ends                        simple   VMFUNC—Invoke VM function
    66 0F C7 /6    VMCLEAR   M           plain        -         all    ends,reads,bytes=8          simple   VMCLEAR—Clear Virtual-Machine Control Structure
    F3 0F C7 /6    VMXON     M           plain        -         all    ends,reads,bytes=8          simple   VMXON—Enter VMX Operation
    NP! 0F C7 /6   VMPTRLD   M           plain        -         all    ends,reads,bytes=8          simple   VMPTRLD—Load Pointer to Virtual-Machine Control Structure
    NP! 0F C7 /7   VMPTRST   M           plain        -         all    ends,bytes=8                simple   VMPTRST—Store Pointer to Virtual-Machine Control Structure
    NP! 0F 78      VMREAD    Ey,Gy       sized        32,64     all    ends,f64                    simple   VMREAD—Read Field from Virtual-Machine Control Structure
    NP! 0F 79      VMWRITE   Gy,Ey       sized        32,64     all    ends,f64                    simple   VMWRITE—Write Field to Virtual-Machine Control Structure
    66 0F 38 80    INVEPT    Gd,M        plain        -         all    ends,reads,onlyM,bytes=16   simple   INVEPT—Invalidate Translations Derived from EPT
    66 0F 38 81    INVVPID   Gd,M        plain        -         all    ends,reads,onlyM,bytes=16   simple   INVVPID—Invalidate Translations Based on VPID
    """
}
