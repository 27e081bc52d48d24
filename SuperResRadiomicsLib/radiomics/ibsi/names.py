"""The features of the Image Biomarker Standardisation Initiative (part 1): permanent codes and short names.

Source: reference manual (arXiv 1612.07003) and the tables of consensus values, whose tags are these short names,
for texture with the aggregation at the end.
"""

from __future__ import annotations

FAMILIES = {
    "morph": "HCUG",
    "loc": "9ST6",
    "stat": "UHIW",
    "ih": "ZVCW",
    "ivh": "P88C",
    "cm": "LFYI",
    "rlm": "TP0I",
    "szm": "9SAK",
    "dzm": "VMDZ",
    "ngt": "IPET",
    "ngl": "REK0",
}
"""Families of features by the first part of their names, with their codes, in the order of a table."""

FAMILIES_OF_CLASS = {
    "shape": ("morph",),
    "shape2D": (),
    "firstorder": ("loc", "stat", "ih", "ivh"),
    "glcm": ("cm",),
    "gldm": ("ngl",),
    "glrlm": ("rlm",),
    "glszm": ("szm", "dzm"),
    "ngtdm": ("ngt",),
}
"""Which families a feature class of the settings stands for."""

DIRECTED = ("cm", "rlm")
"""Families with a matrix for each direction."""

AGGREGATIONS = {
    "2D_avg": "BTW3",
    "2D_comb": "SUJT",
    "2_5D_avg": "JJUI",
    "2_5D_comb": "ZW7Z",
    "3D_avg": "ITBB",
    "3D_comb": "IAZD",
    "2D": "8QNN",
    "2_5D": "62GR",
    "3D": "KOBO",
}
"""Codes of the ways to aggregate. For families with directions: 2D averaged (over directions and slices), 2D with the
directions of a slice merged, 2.5D with the slices of a direction merged, 2.5D merged, 3D averaged, 3D merged; for the
others: averaged over slices, slices merged, and the volume."""

_TABLE = """
RNU0 morph_volume
YEKZ morph_vol_approx
C0JK morph_area_mesh
2PR5 morph_av
SKGS morph_comp_1
BQWJ morph_comp_2
KRCK morph_sph_dispr
QCFX morph_sphericity
25C7 morph_asphericity
KLMA morph_com
L0JK morph_diam
TDIC morph_pca_maj_axis
P9VJ morph_pca_min_axis
7J51 morph_pca_least_axis
Q3CK morph_pca_elongation
N17B morph_pca_flatness
PBX1 morph_vol_dens_aabb
R59B morph_area_dens_aabb
ZH1A morph_vol_dens_ombb
IQYR morph_area_dens_ombb
6BDE morph_vol_dens_aee
RDD2 morph_area_dens_aee
SWZ1 morph_vol_dens_mvee
BRI8 morph_area_dens_mvee
R3ER morph_vol_dens_conv_hull
7T7F morph_area_dens_conv_hull
99N0 morph_integ_int
N365 morph_moran_i
NPT7 morph_geary_c
VJGA loc_peak_loc
0F91 loc_peak_glob
Q4LE stat_mean
ECT3 stat_var
KE2A stat_skew
IPH6 stat_kurt
Y12H stat_median
1GSF stat_min
QG58 stat_p10
8DWT stat_p90
84IY stat_max
SALO stat_iqr
2OJQ stat_range
4FUA stat_mad
1128 stat_rmad
N72L stat_medad
7TET stat_cov
9S40 stat_qcod
N8CA stat_energy
5ZWQ stat_rms
X6K6 ih_mean
CH89 ih_var
88K1 ih_skew
C3I7 ih_kurt
WIFQ ih_median
1PR8 ih_min
GPMT ih_p10
OZ0C ih_p90
3NCY ih_max
AMMC ih_mode
WR0O ih_iqr
5Z3W ih_range
D2ZX ih_mad
WRZB ih_rmad
4RNL ih_medad
CWYJ ih_cov
SLWD ih_qcod
TLU2 ih_entropy
BJ5W ih_uniformity
12CE ih_max_grad
8E6O ih_max_grad_g
VQB3 ih_min_grad
RHQZ ih_min_grad_g
BC2M ivh_v10
BC2M ivh_v90
GBPN ivh_i10
GBPN ivh_i90
DDTU ivh_diff_v10_v90
CNV2 ivh_diff_i10_i90
9CMM ivh_auc
GYBY cm_joint_max
60VM cm_joint_avg
UR99 cm_joint_var
TU9B cm_joint_entr
TF7R cm_diff_avg
D3YU cm_diff_var
NTRS cm_diff_entr
ZGXS cm_sum_avg
OEEB cm_sum_var
P6QZ cm_sum_entr
8ZQL cm_energy
ACUI cm_contrast
8S9J cm_dissimilarity
IB1Z cm_inv_diff
NDRX cm_inv_diff_norm
WF0Z cm_inv_diff_mom
1QCO cm_inv_diff_mom_norm
E8JP cm_inv_var
NI2N cm_corr
QWB0 cm_auto_corr
DG8W cm_clust_tend
7NFM cm_clust_shade
AE86 cm_clust_prom
R8DG cm_info_corr1
JN9H cm_info_corr2
22OV rlm_sre
W4KF rlm_lre
V3SW rlm_lgre
G3QZ rlm_hgre
HTZT rlm_srlge
GD3A rlm_srhge
IVPO rlm_lrlge
3KUM rlm_lrhge
R5YN rlm_glnu
OVBL rlm_glnu_norm
W92Y rlm_rlnu
IC23 rlm_rlnu_norm
9ZK5 rlm_r_perc
8CE5 rlm_gl_var
SXLW rlm_rl_var
HJ9O rlm_rl_entr
5QRC szm_sze
48P8 szm_lze
XMSY szm_lgze
5GN9 szm_hgze
5RAI szm_szlge
HW1V szm_szhge
YH51 szm_lzlge
J17V szm_lzhge
JNSA szm_glnu
Y1RO szm_glnu_norm
4JP3 szm_zsnu
VB3A szm_zsnu_norm
P30P szm_z_perc
BYLV szm_gl_var
3NSA szm_zs_var
GU8N szm_zs_entr
0GBI dzm_sde
MB4I dzm_lde
S1RA dzm_lgze
K26C dzm_hgze
RUVG dzm_sdlge
DKNJ dzm_sdhge
A7WM dzm_ldlge
KLTH dzm_ldhge
VFT7 dzm_glnu
7HP3 dzm_glnu_norm
V294 dzm_zdnu
IATH dzm_zdnu_norm
VIWW dzm_z_perc
QK93 dzm_gl_var
7WT1 dzm_zd_var
GBDU dzm_zd_entr
QCDE ngt_coarseness
65HE ngt_contrast
NQ30 ngt_busyness
HDEZ ngt_complexity
1X9X ngt_strength
SODN ngl_lde
IMOQ ngl_hde
TL9H ngl_lgce
OAE7 ngl_hgce
EQ3F ngl_ldlge
JA6D ngl_ldhge
NBZI ngl_hdlge
9QMG ngl_hdhge
FP8K ngl_glnu
5SPA ngl_glnu_norm
Z87G ngl_dcnu
OKJI ngl_dcnu_norm
6XV8 ngl_dc_perc
1PFV ngl_gl_var
DNX2 ngl_dc_var
FCBV ngl_dc_entr
CAS9 ngl_dc_energy
"""

CODES: dict[str, str] = {name: code for code, name in map(str.split, _TABLE.strip().splitlines())}
"""Permanent code by short name, in the order of the initiative's tables."""


def codes_of(name: str) -> str:
    """Name the permanent code of a feature, and after it that of its aggregation, where it has one.

    Args:
        name: Such as ``morph_volume`` or ``cm_contrast_3D_avg``.

    Returns:
        The codes, or nothing where it is no feature of the initiative.

    Examples:
        >>> codes_of("morph_volume"), codes_of("cm_contrast_2_5D_comb"), codes_of("szm_sze_3D")
        ('RNU0', 'ACUI ZW7Z', '5QRC KOBO')
    """
    for aggregation, code in AGGREGATIONS.items():
        short = name.removesuffix(f"_{aggregation}")
        if short != name and short in CODES:
            return f"{CODES[short]} {code}"
    return CODES.get(name, "")
