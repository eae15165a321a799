// Times oneDNN's convolution on the four 3x3 layers of ResNet-18: fp32, u8 x s8 -> u8 and, asked
// by a second argument, bf16, in the library's own layouts, no reorder in the timed part. Prints: type layer min_us.
#include <oneapi/dnnl/dnnl.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace dnnl;

static double time_layer(engine& eng, stream& s, const char* type, memory::dim c, memory::dim hw, int runs) {
    using dt = memory::data_type;
    const bool integer = !strcmp(type, "u8"), half = !strcmp(type, "bf16");
    using tag = memory::format_tag;
    memory::dims src{1, c, hw, hw}, wei{c, c, 3, 3}, strides{1, 1}, pad{1, 1};
    auto any = [&](memory::dims d, dt t) { return memory::desc(d, t, tag::any); };
    auto st = integer ? dt::u8 : half ? dt::bf16 : dt::f32;
    auto wt = integer ? dt::s8 : half ? dt::bf16 : dt::f32;
    primitive_attr attr;
    post_ops post;
    post.append_eltwise(1.0f, algorithm::eltwise_relu, 0.f, 0.f);
    attr.set_post_ops(post);
    if (integer) attr.set_output_scales(0, {0.01f});
    convolution_forward::desc d(prop_kind::forward_inference, algorithm::convolution_auto,
                                any(src, st), any(wei, wt), any(src, st), strides, pad, pad);
    convolution_forward::primitive_desc pd(d, attr, eng);
    convolution_forward conv(pd);
    memory m_src(pd.src_desc(), eng), m_wei(pd.weights_desc(), eng), m_dst(pd.dst_desc(), eng);
    for (auto* m : {&m_src, &m_wei, &m_dst}) {
        size_t bytes = m->get_desc().get_size();
        auto* p = static_cast<unsigned char*>(m->get_data_handle());
        // Small values of either type: no denormals, no NaN.
        if (integer) for (size_t i = 0; i < bytes; i++) p[i] = (unsigned char)(i * 37 % 3);
        // The upper half of an fp32 number is the bf16 number.
        else if (half) for (size_t i = 0; i + 2 <= bytes; i += 2) { float v = float(i / 2 * 37 % 7) - 3; memcpy(p + i, (char*)&v + 2, 2); }
        else for (size_t i = 0; i + 4 <= bytes; i += 4) { float v = float(i / 4 * 37 % 7) - 3; memcpy(p + i, &v, 4); }
    }
    std::unordered_map<int, memory> args{{DNNL_ARG_SRC, m_src}, {DNNL_ARG_WEIGHTS, m_wei}, {DNNL_ARG_DST, m_dst}};
    double best = 1e30;
    for (int i = 0; i < runs + 5; i++) {
        auto a = std::chrono::steady_clock::now();
        conv.execute(s, args);
        s.wait();
        double us = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - a).count();
        if (i >= 5 && us < best) best = us;
    }
    fprintf(stderr, "%s %ldx%ld %s\n", type, long(c), long(hw), pd.impl_info_str());
    return best;
}

int main(int argc, char** argv) {
    int runs = argc > 1 ? atoi(argv[1]) : 60;
    engine eng(engine::kind::cpu, 0);
    stream s(eng);
    const long layers[4][2] = {{64, 56}, {128, 28}, {256, 14}, {512, 7}};
    std::vector<const char*> types{"fp32", "u8"};
    if (argc > 2) types.push_back(argv[2]);
    for (auto* type : types)
        for (auto& l : layers)
            printf("%s %ldx%ld %.2f\n", type, l[0], l[1], time_layer(eng, s, type, l[0], l[1], runs));
}
