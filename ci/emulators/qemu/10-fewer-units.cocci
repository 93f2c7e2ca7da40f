// SPDX-License-Identifier: GPL-2.0-or-later
//
// meson: Compile small generated files as one
//
// QAPI and tracing generate some 270 files. Most have a few lines of their own and headers that take
// a compiler half a second. Those whose static names do not clash are compiled as one file. QMP's
// commands (whose names clash) lose their trace events, which would be 45 files more.
//
// line: qapi/meson.build ==> # These loops must be synchronized with the output of the above custom target. ==> together = []
// instead: qapi/meson.build ==> 'qapi-commands-@0@.trace-events'.format(module), ==> # no trace events
// instead: qapi/meson.build ==> command: [ qapi_gen, '-o', 'qapi', '-b', '@INPUT0@' ], ==> command: [ qapi_gen, '--suppress-tracing', '-o', 'qapi', '-b', '@INPUT0@' ],
// line: qapi/meson.build ==> util_ss.add(qapi_files[i]) ==> together += output.endswith('.c') and not output.startswith('qapi-commands') ? qapi_files[i] : []
// instead: qapi/meson.build ==> util_ss.add(qapi_files[i]) ==> util_ss.add(output.endswith('.c') and not output.startswith('qapi-commands') ? [] : qapi_files[i])
// line: trace/meson.build ==> trace_ss.add(trace_h, trace_c) ==> together += trace_c
// instead: trace/meson.build ==> trace_ss.add(trace_h, trace_c) ==> trace_ss.add(trace_h)
// line: meson.build ==> util_ss.add_all(trace_ss) ==> util_ss.add(custom_target('together.c', output: 'together.c', input: together, command: ['cat', '@INPUT@'], capture: true))
// expect: qapi/meson.build 0 trace-events'.format
// expect: meson.build 1 input: together
