"""Private names of scikit-learn's calibration, apart because it is slow to import."""

from sklearn.calibration import _CalibratedClassifier as CalibratedClassifier
from sklearn.calibration import _SigmoidCalibration as SigmoidCalibration
from sklearn.calibration import _TemperatureScaling as TemperatureScaling

__all__ = ["CalibratedClassifier", "SigmoidCalibration", "TemperatureScaling"]
