"""Which of our features are features of the Image Biomarker Standardisation Initiative.

Source: Zwanenburg et al., Radiology 295 (2020) 328, and the reference manual (arXiv 1612.07003), whose codes and
tags stand here; pyradiomics publishes the same pairs. The others of the 107 (three diameters in planes, total energy
and the maximal correlation coefficient) have no counterpart there.
"""

from __future__ import annotations

from dataclasses import dataclass

AGGREGATION = {"3D": "3D_avg", "2D": "2_5D_avg"}
"""How the initiative names what we do with directions in 3D and in 2D: one matrix for each direction (of all slices
together in 2D), features averaged."""
POOLED = {"3D": "3D", "2D": "2_5D"}
"""The same for classes without directions."""
_DIRECTED = ("cm_", "rlm_")
_WITHOUT_DIRECTIONS = ("szm_", "ngt_", "ngl_")


@dataclass(frozen=True)
class IbsiFeature:
    """A feature's counterpart.

    Attributes:
        code: Permanent code of four signs.
        name: Short name that the initiative's tables use, without the aggregation.
        offset: Our value less the initiative's.
    """

    code: str
    name: str
    offset: float = 0.0

    def tag(self, dimension: str) -> str:
        """Name the tag in the initiative's tables of consensus values, for texture in ``2D`` or ``3D``."""
        if self.name.startswith(_DIRECTED):
            return f"{self.name}_{AGGREGATION[dimension]}"
        return f"{self.name}_{POOLED[dimension]}" if self.name.startswith(_WITHOUT_DIRECTIONS) else self.name


_TABLE = """
shape_MeshVolume RNU0 morph_volume
shape_VoxelVolume YEKZ morph_vol_approx
shape_SurfaceArea C0JK morph_area_mesh
shape_SurfaceVolumeRatio 2PR5 morph_av
shape_Sphericity QCFX morph_sphericity
shape_Maximum3DDiameter L0JK morph_diam
shape_MajorAxisLength TDIC morph_pca_maj_axis
shape_MinorAxisLength P9VJ morph_pca_min_axis
shape_LeastAxisLength 7J51 morph_pca_least_axis
shape_Elongation Q3CK morph_pca_elongation
shape_Flatness N17B morph_pca_flatness
firstorder_Mean Q4LE stat_mean
firstorder_Variance ECT3 stat_var
firstorder_Skewness KE2A stat_skew
firstorder_Kurtosis IPH6 stat_kurt 3
firstorder_Median Y12H stat_median
firstorder_Minimum 1GSF stat_min
firstorder_10Percentile QG58 stat_p10
firstorder_90Percentile 8DWT stat_p90
firstorder_Maximum 84IY stat_max
firstorder_InterquartileRange SALO stat_iqr
firstorder_Range 2OJQ stat_range
firstorder_MeanAbsoluteDeviation 4FUA stat_mad
firstorder_RobustMeanAbsoluteDeviation 1128 stat_rmad
firstorder_Energy N8CA stat_energy
firstorder_RootMeanSquared 5ZWQ stat_rms
firstorder_Entropy TLU2 ih_entropy
firstorder_Uniformity BJ5W ih_uniformity
glcm_MaximumProbability GYBY cm_joint_max
glcm_JointAverage 60VM cm_joint_avg
glcm_SumSquares UR99 cm_joint_var
glcm_JointEntropy TU9B cm_joint_entr
glcm_DifferenceAverage TF7R cm_diff_avg
glcm_DifferenceVariance D3YU cm_diff_var
glcm_DifferenceEntropy NTRS cm_diff_entr
glcm_SumAverage ZGXS cm_sum_avg
glcm_SumEntropy P6QZ cm_sum_entr
glcm_JointEnergy 8ZQL cm_energy
glcm_Contrast ACUI cm_contrast
glcm_Id IB1Z cm_inv_diff
glcm_Idn NDRX cm_inv_diff_norm
glcm_Idm WF0Z cm_inv_diff_mom
glcm_Idmn 1QCO cm_inv_diff_mom_norm
glcm_InverseVariance E8JP cm_inv_var
glcm_Correlation NI2N cm_corr
glcm_Autocorrelation QWB0 cm_auto_corr
glcm_ClusterTendency DG8W cm_clust_tend
glcm_ClusterShade 7NFM cm_clust_shade
glcm_ClusterProminence AE86 cm_clust_prom
glcm_Imc1 R8DG cm_info_corr1
glcm_Imc2 JN9H cm_info_corr2
glrlm_ShortRunEmphasis 22OV rlm_sre
glrlm_LongRunEmphasis W4KF rlm_lre
glrlm_LowGrayLevelRunEmphasis V3SW rlm_lgre
glrlm_HighGrayLevelRunEmphasis G3QZ rlm_hgre
glrlm_ShortRunLowGrayLevelEmphasis HTZT rlm_srlge
glrlm_ShortRunHighGrayLevelEmphasis GD3A rlm_srhge
glrlm_LongRunLowGrayLevelEmphasis IVPO rlm_lrlge
glrlm_LongRunHighGrayLevelEmphasis 3KUM rlm_lrhge
glrlm_GrayLevelNonUniformity R5YN rlm_glnu
glrlm_GrayLevelNonUniformityNormalized OVBL rlm_glnu_norm
glrlm_RunLengthNonUniformity W92Y rlm_rlnu
glrlm_RunLengthNonUniformityNormalized IC23 rlm_rlnu_norm
glrlm_RunPercentage 9ZK5 rlm_r_perc
glrlm_GrayLevelVariance 8CE5 rlm_gl_var
glrlm_RunVariance SXLW rlm_rl_var
glrlm_RunEntropy HJ9O rlm_rl_entr
glszm_SmallAreaEmphasis 5QRC szm_sze
glszm_LargeAreaEmphasis 48P8 szm_lze
glszm_LowGrayLevelZoneEmphasis XMSY szm_lgze
glszm_HighGrayLevelZoneEmphasis 5GN9 szm_hgze
glszm_SmallAreaLowGrayLevelEmphasis 5RAI szm_szlge
glszm_SmallAreaHighGrayLevelEmphasis HW1V szm_szhge
glszm_LargeAreaLowGrayLevelEmphasis YH51 szm_lzlge
glszm_LargeAreaHighGrayLevelEmphasis J17V szm_lzhge
glszm_GrayLevelNonUniformity JNSA szm_glnu
glszm_GrayLevelNonUniformityNormalized Y1RO szm_glnu_norm
glszm_SizeZoneNonUniformity 4JP3 szm_zsnu
glszm_SizeZoneNonUniformityNormalized VB3A szm_zsnu_norm
glszm_ZonePercentage P30P szm_z_perc
glszm_GrayLevelVariance BYLV szm_gl_var
glszm_ZoneVariance 3NSA szm_zs_var
glszm_ZoneEntropy GU8N szm_zs_entr
ngtdm_Coarseness QCDE ngt_coarseness
ngtdm_Contrast 65HE ngt_contrast
ngtdm_Busyness NQ30 ngt_busyness
ngtdm_Complexity HDEZ ngt_complexity
ngtdm_Strength 1X9X ngt_strength
gldm_SmallDependenceEmphasis SODN ngl_lde
gldm_LargeDependenceEmphasis IMOQ ngl_hde
gldm_LowGrayLevelEmphasis TL9H ngl_lgce
gldm_HighGrayLevelEmphasis OAE7 ngl_hgce
gldm_SmallDependenceLowGrayLevelEmphasis EQ3F ngl_ldlge
gldm_SmallDependenceHighGrayLevelEmphasis JA6D ngl_ldhge
gldm_LargeDependenceLowGrayLevelEmphasis NBZI ngl_hdlge
gldm_LargeDependenceHighGrayLevelEmphasis 9QMG ngl_hdhge
gldm_GrayLevelNonUniformity FP8K ngl_glnu
gldm_DependenceNonUniformity Z87G ngl_dcnu
gldm_DependenceNonUniformityNormalized OKJI ngl_dcnu_norm
gldm_GrayLevelVariance 1PFV ngl_gl_var
gldm_DependenceVariance DNX2 ngl_dc_var
gldm_DependenceEntropy FCBV ngl_dc_entr
"""

IBSI_FEATURES: dict[str, IbsiFeature] = {
    f"original_{feature}": IbsiFeature(code, name, *map(float, offset))
    for feature, code, name, *offset in map(str.split, _TABLE.strip().splitlines())
}
"""Our features by their keys."""
